"""Taking in through the page: files in pieces, what is missing, corrections, and into the archive."""

import hashlib
import time

import pytest

from vestige.archive import search
from vestige.archive.kept import kept_capture
from vestige.web.intake.tray import Tray


def fill(send, begun, frames):
    for name, data in frames.items():
        assert send(begun, name, data).json()["whole"]


def carried(app, key):
    bench = app.state.bench
    bench.porter.carry(Tray.of(bench.open_captures, key))
    return Tray.of(bench.open_captures, key).state()


def test_a_folder_becomes_an_object(app, client, send, begun, frames):
    fill(send, begun, frames)
    text = client.get(f"/intake/{begun}").text
    assert "Focus stacking (guessed)" in text
    assert "Nothing is missing" in text
    assert text.count("?side=320") == 4
    key = app.state.bench.shelf.key(app.state.bench.open_captures / begun)
    assert client.get(f"/frame/{key}/0?side=320").headers["content-type"] == "image/jpeg"
    values = {"identifier": "Coin 7", "title": "Denarius", "technique": "", "act": "take"}
    assert client.post(f"/intake/{begun}/object", data=values).status_code == 303
    assert "Being taken in" in client.get(f"/intake/{begun}").text
    state = carried(app, begun)
    assert (state.state, state.taken.identifier, state.taken.frames) == ("done", "Coin 7", 4)
    found = search.capture(app.state.bench.archive.engine, state.taken.capture)
    assert found["identifier"] == "Coin 7"
    capture = kept_capture(app.state.bench.archive, state.taken.capture)
    assert [frame.coordinates["focus"].value for frame in capture.frames] == [1.5, 2.5, 3.5, 4.5]
    assert "Taken in: Coin 7" in client.get(f"/intake/{begun}").text
    assert not (app.state.bench.open_captures / begun / "frames").exists()


def test_the_porter_takes_in_by_itself(app, client, send, begun, frames):
    fill(send, begun, frames)
    app.state.bench.porter.open()
    client.post(f"/intake/{begun}/object", data={"identifier": "Coin 7", "act": "take"})
    for _ in range(100):
        if Tray.of(app.state.bench.open_captures, begun).state().state == "done":
            break
        time.sleep(0.05)
    assert Tray.of(app.state.bench.open_captures, begun).state().taken.new


def test_what_is_missing_is_named(client, send, begun, frames):
    fill(send, begun, {"coin/a_1.png": next(iter(frames.values()))})
    data = list(frames.values())
    for number, place in enumerate((2, 3, 5, 6)):
        send(begun, f"coin/a_{place}.png", data[number % 4])
    send(begun, "coin/late.png", data[1][:-10] + b"0123456789")
    query = {"name": "coin/cut.png", "size": 5000, "offset": 0}
    client.post(f"/intake/{begun}/piece", params=query, content=b"x" * 1000)
    client.post(f"/intake/{begun}/object", data={"technique": "focus", "identifier": ""})
    text = client.get(f"/intake/{begun}").text
    for said in (
        "no number yet",
        "do not say their focus",
        "1 files were cut off",
        "left out: 4",
        "byte by byte: a_1.png, a_2.png",
    ):
        assert said in text, said
    answer = client.post(f"/intake/{begun}/object", data={"act": "take"})
    assert answer.status_code == 422


def test_frames_are_corrected_one_by_one_and_in_series(app, client, send, begun, frames):
    fill(send, begun, {name.replace("mm", ""): data for name, data in frames.items()})
    series = {"series.axis": "focus", "series.start": "2", "series.step": "0,5", "act": "save"}
    assert client.post(f"/intake/{begun}/frames", data=series).status_code == 303
    rows = {"role.0": "dark", "focus@1": "9.25", "role.1": "object", "out.3": "yes", "role.3": "object"}
    assert client.post(f"/intake/{begun}/frames", data=rows).status_code == 303
    client.post(f"/intake/{begun}/object", data={"identifier": "Coin 7", "act": "take"})
    capture = kept_capture(app.state.bench.archive, carried(app, begun).taken.capture)
    assert [frame.role for frame in capture.frames] == ["dark", "object", "object"]
    assert [frame.coordinates["focus"].value for frame in capture.frames] == [2.0, 9.25, 3.0]


def test_corrections_are_forgotten_on_request(client, send, begun, frames):
    fill(send, begun, frames)
    client.post(f"/intake/{begun}/frames", data={"focus@0": "77.25", "role.0": "object"})
    assert "77.25" in client.get(f"/intake/{begun}").text
    client.post(f"/intake/{begun}/frames", data={"act": "forget"})
    assert "77.25" not in client.get(f"/intake/{begun}").text


@pytest.mark.parametrize("value", ["nan", "inf", "1 2 x", "0 0 0"])
def test_a_value_that_cannot_be_is_refused_in_one_sentence(client, send, begun, frames, value):
    fill(send, begun, frames)
    answer = client.post(f"/intake/{begun}/frames", data={"focus@0": value, "role.0": "object"})
    assert answer.status_code in (303, 422)
    assert client.get(f"/intake/{begun}").status_code == 200


def test_a_piece_goes_on_where_the_file_ends(client, begun, frames):
    name, data = next(iter(frames.items()))
    query = {"name": name, "size": len(data), "modified": 7}
    first = client.post(f"/intake/{begun}/piece", params={**query, "offset": 0}, content=data[:500])
    assert first.json() == {"offset": 500, "whole": False}
    again = client.post(f"/intake/{begun}/piece", params={**query, "offset": 0}, content=data[:500])
    assert (again.status_code, again.json()) == (409, {"offset": 500})
    told = client.get(f"/intake/{begun}/files").json()
    assert told["parts"] == [{"name": "frame_1_1.5mm.png", "size": len(data), "modified": 7, "offset": 500}]
    other = client.post(
        f"/intake/{begun}/piece", params={**query, "modified": 8, "offset": 500}, content=data[500:]
    )
    assert other.json() == {"offset": 0}, "another file of that name begins anew"


def test_a_piece_that_was_changed_on_the_way_is_refused(client, begun):
    query = {"name": "a.png", "size": 3, "offset": 0}
    wrong = client.post(f"/intake/{begun}/piece", params=query, content=b"abc", headers={"x-digest": "00"})
    assert wrong.status_code == 422
    sum_ = hashlib.sha256(b"abc").hexdigest()
    right = client.post(f"/intake/{begun}/piece", params=query, content=b"abc", headers={"x-digest": sum_})
    assert right.json()["whole"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../../etc/cron.d/x.png", "leads out"),
        ("/etc/x.png", "leads out"),
        ("coin/..\\x.png", "no name"),
        ("coin/\x00.png", "no name"),
        ("coin/a.zip", "is packed"),
        ("coin/a.tar.gz", "is packed"),
        ("coin/a.exe", "is of a kind"),
        ("coin/.htaccess.png", "hidden"),
        ("coin/" + "a" * 250 + ".png", "too long"),
        ("tray.json/../x.png", "leads out"),
    ],
)
def test_names_that_lead_elsewhere_or_hold_anything_are_refused(app, client, begun, name, said):
    answer = client.post(
        f"/intake/{begun}/piece", params={"name": name, "size": 3, "offset": 0}, content=b"abc"
    )
    assert answer.status_code == 422
    assert said in answer.json()["fault"]
    lying = [path.name for path in (app.state.bench.open_captures / begun).rglob("*") if path.is_file()]
    assert lying == ["tray.json"]


def test_what_is_too_large_is_refused(client, begun):
    query = {"name": "a.png", "size": 9 << 20, "offset": 0}
    assert client.post(f"/intake/{begun}/piece", params=query, content=bytes(9 << 20)).status_code == 413
    assert client.post(f"/intake/{begun}/piece", params={**query, "size": 2**60}).status_code == 400
    short = {"name": "a.png", "size": 2, "offset": 0}
    assert client.post(f"/intake/{begun}/piece", params=short, content=b"abc").status_code == 422
    assert client.post(
        f"/intake/{begun}/piece", params={**short, "size": 2**36}, content=b"a"
    ).status_code in (422, 200)


def test_a_broken_frame_or_manifest_is_one_sentence(client, send, begun):
    send(begun, "coin/capture.json", b'{"frames": [{"file": "../../x"}]}')
    text = client.get(f"/intake/{begun}").text
    assert "no valid manifest" in text
    assert "/tmp" not in text


def test_a_manifest_that_comes_along_is_believed(client, send, begun, frames):
    from vestige.capture import Capture, Frame, Thing, coordinates

    listed = [Frame(file=f"{n}.png", coordinates=coordinates(wavelength=500 + n)) for n in (1, 2, 3)]
    told = Capture(thing=Thing(identifier="MS 9", title="Leaf"), frames=listed).to_json().encode()
    send(begun, "leaf/capture.json", told)
    send(begun, "leaf/1.png", next(iter(frames.values())))
    text = client.get(f"/intake/{begun}").text
    assert "names files that are not here: 2.png, 3.png" in text
    assert "501 nm" in text


def test_a_tray_that_is_thrown_away_is_kept_aside(app, client, send, begun, frames):
    fill(send, begun, frames)
    assert client.post(f"/intake/{begun}/clear").status_code == 303
    assert client.get(f"/intake/{begun}").status_code == 404
    kept = list((app.state.bench.desk / "thrown").glob("*/frames/*"))
    assert len(kept) == 4


@pytest.mark.parametrize("key", ["nothing", "..%2f..", "0" * 16, "%00"])
def test_a_tray_that_is_not_there_is_absent(client, key):
    assert client.get(f"/intake/{key}").status_code == 404


def test_a_watched_folder_is_taken_in_once_it_is_still(app, client, tmp_path, frames):
    watched = tmp_path / "camera"
    for name, data in frames.items():
        path = watched / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (watched / ".hidden").mkdir()
    assert client.post("/intake/watched", data={"folders": str(watched)}).status_code == 303
    watcher = app.state.bench.watcher
    assert watcher.look() == [], "it may still change"
    watcher._clock = lambda: time.time() + 60
    made = watcher.look()
    assert len(made) == 1
    assert len(Tray.of(app.state.bench.open_captures, made[0]).files()) == 4
    assert watcher.look() == []
    client.post(f"/intake/{made[0]}/clear")
    assert watcher.look() == [], "thrown away stays away"


@pytest.mark.parametrize("folder", ["relative", "/nowhere/at/all"])
def test_only_folders_apart_from_the_archive_are_watched(museum, client, folder):
    assert client.post("/intake/watched", data={"folders": folder}).status_code == 422
    assert client.post("/intake/watched", data={"folders": str(museum / "desk")}).status_code == 422
    assert client.post("/intake/watched", data={"folders": str(museum.parent)}).status_code == 422


def test_a_tray_begins_from_a_barcode_without_scripts(client):
    answer = client.post("/intake", data={"identifier": "B 10055"})
    assert answer.status_code == 303
    assert 'value="B 10055"' in client.get(answer.headers["location"]).text
