"""The desk is cleared in time or by a button, and nothing goes that was not kept."""

import os
import time

from vestige.web.intake import clearing
from vestige.web.intake.tray import STATE, Tray

DAY = 86400


def throw(client, send, begun, frames):
    for name, data in frames.items():
        send(begun, name, data)
    assert client.post(f"/intake/{begun}/clear").status_code == 303


def test_what_was_thrown_away_is_taken_back_whole(app, client, send, begun, frames):
    throw(client, send, begun, frames)
    bench = app.state.bench
    (gone,) = clearing.thrown(bench.desk)
    assert (gone.files, gone.days_left) == (4, clearing.DAYS)
    assert f"/intake/thrown/back/{gone.name}" in client.get("/intake").text
    answer = client.post(f"/intake/thrown/back/{gone.name}")
    assert answer.headers["location"] == f"/intake/{begun}"
    assert len(Tray.of(bench.open_captures, begun).files()) == 4
    assert clearing.thrown(bench.desk) == []
    assert client.post(f"/intake/thrown/back/{gone.name}").status_code == 404


def test_it_goes_after_its_days_and_not_before(app, client, send, begun, frames):
    throw(client, send, begun, frames)
    bench = app.state.bench
    bench.porter.tidy()
    (gone,) = clearing.thrown(bench.desk)
    old = f"{begun}-{int(time.time() - (clearing.DAYS + 1) * DAY)}"
    (bench.desk / clearing.THROWN / gone.name).rename(bench.desk / clearing.THROWN / old)
    bench.porter.tidy()
    assert list((bench.desk / clearing.THROWN).iterdir()) == []


def test_a_button_empties_it(app, client, send, begun, frames):
    throw(client, send, begun, frames)
    assert client.post("/intake/thrown/empty").status_code == 303
    assert clearing.thrown(app.state.bench.desk) == []


def test_a_finished_tray_is_forgotten_only_where_the_archive_has_it(app, client, send, begun, frames):
    for name, data in frames.items():
        send(begun, name, data)
    bench = app.state.bench
    client.post(f"/intake/{begun}/object", data={"identifier": "Coin 7", "act": "take"})
    tray = Tray.of(bench.open_captures, begun)
    bench.porter.carry(tray)
    bench.porter.tidy()
    assert tray.folder.is_dir(), "not before its days are over"
    lost = tray.state().model_copy(
        update={"taken": tray.state().taken.model_copy(update={"capture": "0" * 64})}
    )
    kept = tray.state()
    old = time.time() - (clearing.DAYS + 1) * DAY
    for state, there in ((lost, True), (kept, False)):
        tray.keep(state)
        os.utime(tray.folder / STATE, (old, old))
        bench.porter.tidy()
        assert tray.folder.is_dir() is there


def test_an_open_tray_never_goes(app, client, begun):
    tray = Tray.of(app.state.bench.open_captures, begun)
    os.utime(tray.folder / STATE, (0, 0))
    app.state.bench.porter.tidy()
    assert tray.folder.is_dir()
