"""Telling people: webhooks and e-mail against servers of the test's own; nothing unasked, nothing lost."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from vestige.errors import OutputError, UsageError
from vestige.jobs import Ending, Event, How, Leases, Outbox, Resources
from vestige.jobs.notify import MailServer, Postman, check_address, send

ROOM = Resources(4, 2**33)
ME = "here+a+b+c/1/1"


@pytest.fixture
def web():
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/hook")
            else:
                heard.append((self.path, json.loads(body)))
                self.send_response(204 if self.path == "/hook" else 500)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def mail():
    """A mail server of a few lines: it takes all letters in clear, and offers no encryption."""
    letters = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 test\r\n")
            letter = None
            while line := self.rfile.readline():
                word = line.strip().upper()
                if letter is not None:
                    if word == b".":
                        letters.append(b"".join(letter).decode())
                        letter = None
                        self.wfile.write(b"250 ok\r\n")
                    else:
                        letter.append(line)
                elif word == b"DATA":
                    letter = []
                    self.wfile.write(b"354 go on\r\n")
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], letters
    server.shutdown()
    server.server_close()


def test_a_webhook_hears_what_became_of_a_job(ledger, drill, web):
    address, heard = web
    ledger.submit([drill(1, tell=[f"{address}/hook"])])
    attempt = Leases(ledger).claim(ME, ROOM)
    postman = Postman(Outbox(ledger.engine, clock=ledger.clock))
    assert postman.deliver() == 0
    Leases(ledger).end(attempt, Ending(How.FAILED, "a.tif is empty"))
    assert postman.deliver() == 1
    assert postman.deliver() == 0
    (path, body), *others = heard
    assert path == "/hook"
    assert (body["event"], body["job"], body["sentence"]) == ("failed", 1, "a.tif is empty")
    assert not others


def test_nobody_is_told_unasked(ledger, drill):
    ledger.submit([drill(1)])
    Leases(ledger).end(Leases(ledger).claim(ME, ROOM), Ending(How.DONE))
    assert Outbox(ledger.engine, clock=ledger.clock).take() == []


def test_of_a_batch_only_what_went_wrong_and_the_end(ledger, drill):
    tell = ["mailto:lab@example.org"]
    ledger.submit([drill(number, tell=tell) for number in range(3)], batch="books")
    leases = Leases(ledger)
    for how in (How.DONE, How.FAILED, How.DONE):
        leases.end(leases.claim(ME, ROOM), Ending(how, "torn"))
    told = Outbox(ledger.engine, clock=ledger.clock).take()
    assert [notice.event for notice in told] == [Event.FAILED, Event.BATCH]
    assert told[-1].body["sentence"] == "2 done, 1 failed"


def test_a_stuck_job_is_told_of(ledger, drill, clock):
    ledger.submit([drill(1, tell=["mailto:lab@example.org"])])
    leases = Leases(ledger)
    attempt = leases.claim(ME, ROOM)
    clock.now += 800
    assert leases.stuck([attempt]) == []
    clock.now += 800
    assert leases.stuck([attempt]) == [attempt]
    (notice,) = Outbox(ledger.engine, clock=clock).take()
    assert notice.event is Event.STUCK
    assert notice.body["sentence"] == "no progress for 27 min since the start"


def test_a_server_that_fails_is_tried_again_later_and_then_no_more(ledger, drill, web, clock):
    address, heard = web
    ledger.submit([drill(1, tell=[f"{address}/broken"])])
    Leases(ledger).end(Leases(ledger).claim(ME, ROOM), Ending(How.DONE))
    postman = Postman(Outbox(ledger.engine, clock=clock))
    for _ in range(20):
        assert postman.deliver() == 0
        clock.now += 100_000
    assert len(heard) == len(postman.failures) == 8
    assert "answered 500" in postman.failures[0]


def test_mail(mail):
    port, letters = mail
    body = {"event": "done", "title": "Psalter\r\nBcc: all@example.org", "job": 3, "operation": "focus run"}
    send("mailto:lab@example.org", body, MailServer.parse(f"smtp://127.0.0.1:{port}", "house@example.org"))
    (letter,) = letters
    assert "To: lab@example.org" in letter
    assert "From: house@example.org" in letter
    assert "Subject: Vestige: Psalter Bcc: all@example.org: done" in letter
    assert "job: 3" in letter


def test_a_password_is_never_sent_in_clear(mail):
    port, letters = mail
    server = MailServer.parse(f"smtp://user:secret@127.0.0.1:{port}")
    with pytest.raises(OutputError, match="no encryption") as caught:
        send("mailto:lab@example.org", {"event": "done", "title": "x"}, server)
    assert "secret" not in str(caught.value)
    assert letters == []


def test_a_webhook_is_not_led_elsewhere(web):
    address, heard = web
    with pytest.raises(OutputError, match="302"):
        send(f"{address}/moved", {"event": "done"})
    assert heard == []


def test_servers_that_are_not_there():
    with pytest.raises(OutputError, match="cannot be told"):
        send("http://127.0.0.1:9/hook", {})
    with pytest.raises(OutputError, match="cannot be told"):
        send("mailto:a@b.c", {"event": "done", "title": ""}, MailServer.parse("smtp://127.0.0.1:9"))
    with pytest.raises(OutputError, match="no mail server is named"):
        send("mailto:a@b.c", {"event": "done", "title": ""})


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://x/y",
        "nobody",
        "https://",
        "mailto:",
        "mailto:a@b,c@d",
        "mailto:a@b?bcc=c@d",
    ],
)
def test_what_is_no_address(address):
    with pytest.raises(UsageError, match="no address to tell"):
        check_address(address)


@pytest.mark.parametrize("address", ["mail.example.org", "http://x", "smtp://", "smtp://x:port"])
def test_what_is_no_mail_server(address):
    with pytest.raises(UsageError, match="the mail server is written as"):
        MailServer.parse(address)
