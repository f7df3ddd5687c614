"""A WebDAV server that is played: what it is asked, and what a visitor hears of its answers."""

import threading
from base64 import b64encode
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vestige.deliver import Scan, Share
from vestige.deliver.mail import Mail
from vestige.errors import OutputError, UsageError


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"pixels" * 1000)
    return Scan(1, path, path, path, "image/jpeg", 6000, 0, 1, 1, datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def server():
    class Dav(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        asked, bodies, answer, word = [], {}, 201, None

        def _do(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            Dav.asked.append((self.command, self.path))
            Dav.bodies[self.path] = body
            ok = Dav.word is None or self.headers.get("authorization") == Dav.word
            self.send_response(Dav.answer if ok else 401)
            self.send_header("content-length", "0")
            self.end_headers()

        do_PUT = do_MKCOL = _do  # noqa: N815 - http.server's names

        def log_message(self, *words):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Dav)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    Dav.address = f"http://127.0.0.1:{made.server_port}"
    yield Dav
    made.shutdown()
    made.server_close()


def test_scans_go_into_a_new_folder(server, scan):
    Share.at(f"{server.address}/s/AbCd", plain=True).send([scan], "Scans today")
    place = "/public.php/webdav/Scans%20today"
    assert server.asked == [("MKCOL", place), ("PUT", f"{place}/scan-01.jpg")]
    assert server.bodies[f"{place}/scan-01.jpg"] == scan.file.read_bytes()


def test_name_and_password(server, scan):
    server.word = "Basic " + b64encode(b"eva:secret").decode()
    Share.at(f"{server.address}/dav/eva", "eva", "secret", plain=True).send([scan], "Scans")
    with pytest.raises(OutputError, match="does not let us in"):
        Share.at(f"{server.address}/dav/eva", "eva", "wrong", plain=True).send([scan], "Scans")


def test_what_the_server_refuses_is_told(server, scan):
    server.answer = 507
    with pytest.raises(OutputError, match="507"):
        Share.at(f"{server.address}/dav", plain=True).send([scan], "Scans")
    with pytest.raises(OutputError, match="cannot be reached"):
        Share.at("http://127.0.0.1:9/dav", plain=True).send([scan], "Scans")


@pytest.mark.parametrize(
    "address", ["http://a.org/x", "file:///etc", "https://", "https://a:b@c.org/", "https://a.org/\n"]
)
def test_what_is_no_share(address):
    with pytest.raises(UsageError):
        Share.at(address + ("x\ny" if address.endswith("\n") else ""))


def test_secrets_are_not_shown():
    share = Share.at("https://a.org/dav", "eva", "secret")
    assert "secret" not in repr(share)
    assert "secret" not in repr(Mail("h", "s@a.org", password="secret"))
