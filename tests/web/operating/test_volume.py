"""A volume that is being scanned: nothing is lost, no press counts twice."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vestige.archive import Archive, search
from vestige.capture import MANIFEST, load_manifest
from vestige.errors import InputError, OutputError
from vestige.web import create_app
from vestige.web.operating.shooter import NothingCame, Pile, WatchedFolder
from vestige.web.operating.volume import Volume


def write_page(path, number=1):
    pixels = np.full((120, 90, 3), 230, np.uint8)
    cv2.putText(pixels, str(number), (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 3)
    cv2.imwrite(str(path), pixels)


@pytest.fixture
def drop(tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def shooter(drop):
    return WatchedFolder(drop, patience=0.05, settle=0.0)


@pytest.fixture
def volume(tmp_path):
    return Volume.begin(tmp_path / "desk", "MS 42", "eva")


def fine(path):
    assert path.stat().st_size


def shoot(volume, drop, shooter, number):
    write_page(drop / f"scan{number}.png", number)
    volume.take(shooter, volume.sight().step, fine)


def test_scan_check_repeat_next(volume, drop, shooter):
    shoot(volume, drop, shooter, 1)
    assert (volume.sight().waiting, volume.sight().page) == (True, 1)
    shoot(volume, drop, shooter, 2)
    assert (volume.sight().waiting, volume.sight().pages) == (True, 1)
    volume.accept(2)
    assert (volume.sight().waiting, volume.sight().page) == (False, 2)
    shoot(volume, drop, shooter, 3)
    volume.accept(3)
    frames = Volume(volume.folder).capture().select()
    assert [(frame.file, frame.number("page")) for frame in frames] == [("0001-2.png", 1), ("0002.png", 2)]
    assert len(list((drop / "taken").iterdir())) == 3
    volume.back(3)
    assert (volume.sight().waiting, volume.sight().page) == (True, 2)


def test_a_press_that_comes_twice_counts_once(volume, drop, shooter):
    write_page(drop / "a.png")
    write_page(drop / "b.png")
    volume.take(shooter, 0, fine)
    volume.take(shooter, 0, fine)
    assert volume.sight().step == 1
    volume.accept(7)
    assert volume.sight().waiting


def test_nothing_came(volume, shooter):
    with pytest.raises(NothingCame):
        volume.take(shooter, 0, fine)
    assert volume.sight().step == 0


def test_a_broken_picture_is_put_aside_and_not_counted(volume, drop, shooter):
    (drop / "broken.png").write_bytes(b"no picture")

    def look(path):
        raise InputError(path, "is broken")

    with pytest.raises(InputError):
        volume.take(shooter, 0, look)
    assert volume.sight().step == 0
    assert [path.name for path in (drop / "taken").iterdir()] == ["broken.png"]


def test_a_kill_between_copy_and_journal_loses_nothing(volume, drop, shooter):
    write_page(drop / "a.png")

    def killed(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        volume.take(shooter, 0, killed)
    again = Volume(volume.folder)
    again.take(shooter, 0, fine)
    assert [frame.file for frame in again.capture().frames] == ["0001.png"]


def test_a_full_disk_is_told_and_nothing_counted(volume, drop, shooter, monkeypatch):
    write_page(drop / "a.png")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vestige.web.operating.volume.shutil.copyfileobj", full)
    with pytest.raises(OutputError, match="No space left"):
        volume.take(shooter, 0, fine)
    assert volume.sight().step == 0
    assert shooter.arrived()


def test_a_volume_that_is_done_is_in_the_archive(tmp_path, volume, drop, shooter):
    with Archive.make(tmp_path / "museum") as archive:
        with pytest.raises(InputError, match="has no page yet"):
            volume.finish(archive, 0, shooter)
        for number in (1, 2):
            shoot(volume, drop, shooter, number)
            volume.accept(number)
        assert volume.finish(archive, 2, shooter) == 2
        assert not volume.folder.exists()
        assert search.find(archive.engine, "MS 42")["identifier"] == "MS 42"


def test_a_kill_while_finishing_is_made_good(tmp_path, volume, drop, shooter, monkeypatch):
    with Archive.make(tmp_path / "museum") as archive:
        shoot(volume, drop, shooter, 1)
        volume.accept(1)
        monkeypatch.setattr("vestige.web.operating.volume.shutil", SimpleNamespace(rmtree=lambda _: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            volume.finish(archive, 1, shooter)
        monkeypatch.undo()
        assert load_manifest(volume.folder / MANIFEST).state == "sealed"
        assert Volume(volume.folder).sight().sealed
        assert Volume(volume.folder).finish(archive, 0, shooter) == 1


def test_a_power_cut_between_journal_and_putting_aside_gives_no_page_twice(
    volume, drop, shooter, monkeypatch
):
    write_page(drop / "a.png")

    def killed(picture):
        raise KeyboardInterrupt

    monkeypatch.setattr(shooter, "taken", killed)
    with pytest.raises(KeyboardInterrupt):
        volume.take(shooter, 0, fine)
    monkeypatch.undo()
    again = Volume(volume.folder)
    assert again.settle(shooter)
    assert not shooter.arrived()
    again.accept(1)
    assert (again.sight().pages, again.sight().waiting) == (1, False)
    assert not again.settle(shooter)


def test_a_picture_of_the_same_name_that_came_later_is_not_put_aside(volume, drop, shooter, monkeypatch):
    write_page(drop / "a.png")
    monkeypatch.setattr(shooter, "taken", lambda picture: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        volume.take(shooter, 0, fine)
    monkeypatch.undo()
    (drop / "a.png").unlink()
    write_page(drop / "a.png", 2)
    assert not Volume(volume.folder).settle(shooter)
    assert shooter.arrived()


def test_nothing_is_sealed_that_nobody_has_looked_at(tmp_path, volume, drop, shooter):
    """Two pages of one volume: one asks whether it is done while the other takes a picture."""
    with Archive.make(tmp_path / "museum") as archive:
        shoot(volume, drop, shooter, 1)
        volume.accept(1)
        shoot(volume, drop, shooter, 2)
        assert volume.finish(archive, 1, shooter) == 0
        assert volume.finish(archive, 2, shooter) == 0, "the picture waits"
        volume.accept(2)
        assert volume.finish(archive, 1, shooter) == 0, "the page is of before"
        assert volume.finish(archive, 2, shooter) == 2


def test_a_pile_for_practice(tmp_path):
    with pytest.raises(InputError, match="holds no picture"):
        Pile(tmp_path)
    for number in (1, 2):
        write_page(tmp_path / f"{number}.png", number)
    pile = Pile(tmp_path)
    assert [pile.shoot(page).name for page in (1, 2, 3)] == ["1.png", "2.png", "1.png"]
    assert not pile.arrived()


@pytest.fixture
def client(tmp_path, browse):
    Archive.make(tmp_path / "museum").close()
    write_page(tmp_path / "page.png")
    return browse(create_app(tmp_path / "museum", scanner=Pile(tmp_path)))


def test_the_pages_of_operator_mode(client):
    assert "Which book?" in client.get("/operate").text
    assert client.post("/operate", data={"identifier": " "}).headers["location"].endswith("said=number")
    place = client.post("/operate", data={"identifier": "MS  42"}).headers["location"]
    assert "Lay the book down" in client.get(place).text
    assert client.post(f"{place}/shoot", data={"step": 0}).headers["location"] == place
    page = client.get(place).text
    assert "Is the picture good?" in page
    assert page.count("<button") == 2
    assert client.get(f"{place}/picture/0").headers["content-type"] == "image/jpeg"
    assert client.get(f"{place}/picture/1").status_code == 404
    assert client.get(f"{place}/arrived").json() == {"arrived": False}
    client.post(f"{place}/good", data={"step": 1})
    assert "Turn to page 2" in client.get(place).text
    assert "not done" in client.get("/operate").text
    assert "Is the whole book scanned?" in client.get(f"{place}?finish=true").text
    assert client.post(f"{place}/finish", data={"step": 1}).headers["location"] == "/operate?kept=1"
    assert client.post(f"{place}/finish", data={"step": 1}).headers["location"] == "/operate?kept=0"
    assert "The book is safe" in client.get("/operate?kept=1").text
    assert client.get(place).status_code == 404
    for wrong in ("/operate/volume-x", "/operate/..%2f..", "/operate/volume-0123456789abcdef"):
        assert client.get(wrong).status_code in (404, 405)
    assert client.post(f"{place}/nothing", data={"step": 1}).status_code == 404
