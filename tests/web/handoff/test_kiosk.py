"""The screen: what it offers, whom it answers, and that nothing of it leads away."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from vestige.deliver import Counter, GrowingFolder, Mail, Stick, Vault, WifiAccess
from vestige.deliver.cloud import Store
from vestige.errors import OutputError
from vestige.web.handoff.kiosk import Offer, kiosk_app
from vestige.web.language import catalogue

HERE = "http://127.0.0.1:8770"
OWN = {"origin": HERE}
PICTURE = cv2.imencode(".jpg", np.full((60, 40, 3), 90, np.uint8))[1].tobytes()


class FakeSticks:
    def __init__(self, folder):
        self.folder, self.ejected = folder, []

    def found(self):
        return [Stick("/dev/sdz1")] if self.folder else []

    def mount(self, stick):
        return self.folder

    def eject(self, stick):
        self.ejected.append(stick.device)


class FakeMail(Mail):
    def _deliver(self, message):
        OUTBOX.append(message)


OUTBOX: list = []


@pytest.fixture
def offer(tmp_path):
    for name in ("vault", "in", "stick"):
        (tmp_path / name).mkdir()
    counter = Counter(
        Vault(tmp_path / "vault"),
        GrowingFolder(tmp_path / "in"),
        access=WifiAccess("Scans", "abcd2345efgh"),
        pause=60,
    )
    return Offer(
        counter, "http://10.42.0.1", sticks=FakeSticks(tmp_path / "stick"),
        mail=FakeMail("localhost", "scans@example.org"), webdav=True, store=Store("memory://scans"),
    )  # fmt: skip


@pytest.fixture
def screen(offer):
    with TestClient(kiosk_app(offer), base_url=HERE, headers=OWN) as client:
        yield client


@pytest.fixture
def session(offer, screen, tmp_path):
    made = offer.counter.begin()
    (tmp_path / "a.jpg").write_bytes(PICTURE)
    offer.counter.vault.add(made, tmp_path / "a.jpg", datetime(2026, 11, 23, tzinfo=UTC))
    return made


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for key, value in attributes if key in ("href", "src", "action") and value]


def test_no_link_leads_away(screen, session):
    for way in ("", "phone", "stick", "mail", "cloud", "done"):
        page = screen.get(f"/{way}")
        assert page.status_code == 200
        links = Links()
        links.feed(page.text)
        outside = [link for link in links.found if not link.startswith("/") or link.startswith("//")]
        assert outside == ["data:,"]
        assert "target=" not in page.text


def test_an_address_that_is_no_page_leads_back(screen, session):
    for address in ("/nowhere", "/phone/x", "/s/abc", "/small/9", "/small/-1", "/begin", "/static/../../x"):
        answer = screen.get(address)
        assert answer.url.path == "/" or answer.status_code == 404, address


def test_it_answers_this_machine_alone(screen, session):
    assert screen.get("/", headers={"host": "evil.example"}).status_code == 421
    assert screen.get("/", headers={"host": "10.42.0.1"}).status_code == 421
    for origin in ("http://evil.example", "null"):
        assert screen.post("/wipe", headers={"origin": origin}).status_code == 421
    assert session.alive


def test_the_codes_are_those_of_this_visitor(screen, offer, session):
    page = screen.get("/phone").text
    assert page.count("<svg") >= 2
    assert session.token not in re.sub(r"<svg.*?</svg>", "", page, flags=re.S)
    token = session.token
    screen.post("/wipe")
    screen.post("/begin")
    assert offer.counter.session.token != token


def test_done_wipes_and_says_so(screen, offer, session):
    assert "Ihre Scans werden hier" in screen.get("/done", headers={"accept-language": "de"}).text
    answer = screen.post("/wipe")
    assert catalogue("en")["handoff_wiped"] in answer.text
    assert not session.folder.exists()
    assert screen.get("/phone").url.path == "/"


def test_the_state_tells_the_time_left(screen, offer, session):
    told = screen.get("/state").json()
    assert told["open"]
    assert 290 < told["left"] <= 300
    assert not told["warn"]
    offer.counter.vault.idle = 30
    assert screen.get("/state").json()["warn"]


def test_a_stick_gets_a_new_folder_and_is_let_go(screen, offer, session, tmp_path):
    for name in ("autorun.inf", "Scans 2026-11-23"):
        (tmp_path / "stick" / name).write_bytes(b"hostile")
    page = screen.post("/stick").text
    (folder,) = [path for path in (tmp_path / "stick").iterdir() if path.is_dir()]
    assert folder.name in page
    assert (folder / "scan-01.jpg").read_bytes() == PICTURE
    assert offer.sticks.ejected == ["/dev/sdz1"]
    assert (tmp_path / "stick/autorun.inf").read_bytes() == b"hostile"


def test_a_stick_that_lies_is_told_and_let_go(screen, offer, session, monkeypatch):
    monkeypatch.setattr("vestige.deliver.stick._read_back", lambda path: b"other bytes")
    assert catalogue("en")["handoff_stick_failed"] in screen.post("/stick").text
    assert offer.sticks.ejected


def test_no_stick_is_told(screen, offer, session):
    offer.sticks.folder = None
    assert catalogue("en")["handoff_stick_none"] in screen.post("/stick").text


def test_mail(screen, offer, session):
    OUTBOX.clear()
    assert catalogue("en")["handoff_mail_wrong"] in screen.post("/mail", data={"address": "a b@c"}).text
    assert (
        catalogue("en")["handoff_mail_wrong"]
        in screen.post("/mail", data={"address": "a@b.org\nBcc: c@d.org"}).text
    )
    assert (
        catalogue("en")["handoff_mail_sent"] in screen.post("/mail", data={"address": "eva@example.org"}).text
    )
    (message,) = OUTBOX
    (part,) = message.iter_attachments()
    assert (message["To"], part.get_filename(), part.get_content()) == (
        "eva@example.org",
        "scan-01.jpg",
        PICTURE,
    )
    offer.mail = FakeMail("localhost", "scans@example.org", most_bytes=100_000)
    object.__setattr__(session.scans[0], "size", 200_000)
    assert catalogue("en")["handoff_mail_large"] in screen.get("/mail").text
    assert (
        catalogue("en")["handoff_mail_large"]
        in screen.post("/mail", data={"address": "eva@example.org"}).text
    )


def test_cloud(screen, offer, session):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not here: pip install 'vestige[cloud]'")
    words = catalogue("en")
    page = screen.post("/cloud", data={"to": "store"}).text
    assert words["handoff_cloud_sent"].split("{")[0].strip() in page
    memory = fsspec.filesystem("memory")
    (file,) = memory.find("/scans")
    assert memory.cat(file) == PICTURE
    memory.store.clear()
    assert words["handoff_cloud_wrong"] in screen.post("/cloud", data={"address": "ftp://x"}).text
    offer.store = FailingStore()
    assert words["handoff_cloud_failed"] in screen.post("/cloud", data={"to": "store"}).text


class FailingStore:
    def send(self, scans, folder):
        raise OutputError("no")


def test_what_is_not_set_up_is_off(screen, offer, session):
    offer.sticks = offer.mail = offer.store = None
    offer.webdav = False
    assert offer.ways == ["phone"]
    for way in ("stick", "mail", "cloud"):
        assert screen.get(f"/{way}").url.path == "/"
        assert f'href="/{way}"' not in screen.get("/").text


def test_a_form_that_is_too_long_is_not_read(screen, session):
    assert catalogue("en")["handoff_mail_wrong"] in screen.post("/mail", data={"address": "a" * 9000}).text


def test_every_word_is_used():
    web = Path(__file__).parents[3] / "src/vestige/web"
    text = "".join(path.read_text() for path in (web / "templates/handoff").glob("*.html"))
    text += "".join(path.read_text() for path in (web / "handoff").glob("*.py"))
    made = {"handoff_to_", "handoff_trouble_", "handoff_stick_", "handoff_mail_", "handoff_cloud_"}
    unused = [
        key for key in catalogue("en")
        if key.startswith("handoff_") and f'"{key}"' not in text and not key.startswith(tuple(made))
    ]  # fmt: skip
    assert not unused
