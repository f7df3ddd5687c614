"""Telling people and programs what became of jobs: webhooks and e-mail. Nothing is sent unasked."""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from vestige.errors import OutputError, UsageError, VestigeError
from vestige.jobs.outbox import TRIES, Notice, Outbox

#: Seconds that a server may take.
_PATIENCE = 15.0


@dataclass(frozen=True)
class MailServer:
    """Where e-mail goes out: ``smtp://user:password@host:port``; ``smtps`` for TLS from the start.

    Over ``smtp`` the connection is encrypted where the server can; a password is never sent otherwise.

    >>> MailServer.parse("smtps://lab@mail.example.org").port
    465
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    encrypted: bool = False
    sender: str = "vestige@localhost"

    @classmethod
    def parse(cls, address: str, sender: str = "vestige@localhost") -> MailServer:
        """A server from its address; a UsageError where it is none."""
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise UsageError("the mail server is written as smtp://host:port or smtps://user:password@host")
        encrypted = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            port or (465 if encrypted else 587),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            encrypted,
            sender,
        )


class Postman:
    """Sends what is in the outbox, in a thread of its own, so that a slow server keeps no job waiting.

    A notice that cannot be sent is tried again, later each time, and dropped after some tries.

    >>> import tempfile
    >>> from vestige.archive import open_database
    >>> Postman(Outbox(open_database(tempfile.mkdtemp()))).deliver()
    0
    """

    def __init__(self, outbox: Outbox, mail: MailServer | None = None, *, pause: float = 1.0) -> None:
        self.outbox, self.mail, self.pause = outbox, mail, pause
        self.failures: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)

    def __enter__(self) -> Postman:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(2 * _PATIENCE)
        if not self._thread.is_alive():
            self.deliver()

    def deliver(self) -> int:
        """Send all that is due; answers how many were sent."""
        sent = 0
        while taken := self.outbox.take():
            for notice in taken:
                sent += self._deliver(notice)
        return sent

    def _deliver(self, notice: Notice) -> bool:
        try:
            send(notice.address, notice.body, self.mail)
        except VestigeError as error:
            self.failures.append(str(error))
            if notice.tries >= TRIES:
                self.outbox.sent(notice)
            return False
        self.outbox.sent(notice)
        return True

    def _work(self) -> None:
        while not self._over.wait(self.pause):
            try:
                self.deliver()
            except VestigeError as error:  # the disk is full, say: the notices stay in the outbox
                self.failures.append(str(error))


def check_address(address: str) -> str:
    """The address, where it is one that can be told: ``https://…``, ``http://…`` or ``mailto:…``.

    Raises
    ------
    UsageError
        where it is not.

    >>> check_address("mailto:lab@example.org")
    'mailto:lab@example.org'
    """
    parts = urlsplit(address)
    web = parts.scheme in ("http", "https") and bool(parts.hostname)
    mail = parts.scheme == "mailto" and parts.path.count("@") == 1 and not set(address) & set(" \r\n,;?")
    if not web and not mail:
        raise UsageError(f"'{address}' is no address to tell: write https://… or mailto:name@host")
    return address


def send(address: str, body: Mapping[str, Any], mail: MailServer | None = None) -> None:
    """Tell one address.

    Raises
    ------
    OutputError
        where the server cannot be reached or refuses.
    """
    check_address(address)
    if address.startswith("mailto:"):
        _send_mail(unquote(address.removeprefix("mailto:")), body, mail)
    else:
        _post(address, body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that sends us elsewhere is refused: it was given for this address only."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


def _post(address: str, body: Mapping[str, Any]) -> None:
    host = urlsplit(address).hostname
    request = urllib.request.Request(  # noqa: S310 - check_address lets http and https through only
        address,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "vestige"},
        method="POST",
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_PATIENCE):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        raise OutputError(f"{host} answered {error.code} to a notice: check the webhook's address") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"{host} cannot be told ({error}): check the webhook's address") from None


def _send_mail(to: str, body: Mapping[str, Any], mail: MailServer | None) -> None:
    if mail is None:
        raise OutputError(f"{to} cannot be told: no mail server is named (--mail-server)")
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, to
    message["Subject"] = " ".join(f"Vestige: {body['title']}: {body['event']}".split())
    lines = [f"{name}: {body[name]}" for name in ("operation", "job", "batch", "out") if body.get(name)]
    message.set_content("\n".join([str(body.get("sentence") or body["event"]), "", *lines, ""]))
    try:
        with _connected(mail) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise OutputError(f"{to} cannot be told ({mail.host}: {error}): check the mail server") from None


def _connected(mail: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail.encrypted:
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_PATIENCE, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_PATIENCE)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif mail.password:
            server.close()
            raise OSError("it offers no encryption, and a password is not sent without")
    if mail.user:
        server.login(mail.user, mail.password)
    return server
