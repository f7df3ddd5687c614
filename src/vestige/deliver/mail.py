"""Scans by e-mail: one message through the house's own mail server, or a sentence that it is too large."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from vestige.deliver.scans import Scan
from vestige.errors import BudgetError, OutputError, UsageError

_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
#: Base64 with its line ends, and the head of each part.
_SWELLS, _HEAD = 78 / 57, 600


@dataclass(frozen=True)
class Mail:
    """A mail server and what it takes.

    `security` is 'tls' (port 465), 'starttls' (587) or 'none' (a server on this very machine).
    """

    host: str
    sender: str
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = ""
    most_bytes: int = 20_000_000

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Mail({self.host!r})"

    def size_of(self, scans: Sequence[Scan]) -> int:
        """Bytes of the message that would carry these scans.

        >>> Mail("localhost", "scans@example.org").size_of([])
        600
        """
        return _HEAD + sum(int(scan.size * _SWELLS) + _HEAD for scan in scans)

    def send(self, address: str, scans: Sequence[Scan], subject: str, text: str) -> None:
        """Send scans to an address.

        Raises
        ------
        UsageError : it is no address.
        BudgetError : the message is larger than the server takes.
        OutputError : the server did not take it.
        """
        if len(address) > 254 or not _ADDRESS.fullmatch(address):
            raise UsageError("this is no e-mail address: it looks like name@example.org")
        if (size := self.size_of(scans)) > self.most_bytes:
            raise BudgetError(
                f"the message would have {size / 1e6:.0f} MB, the server takes {self.most_bytes / 1e6:.0f} "
                "MB: use your phone or a USB stick"
            )
        try:
            self._deliver(self._message(address, scans, subject, text))
        except (OSError, smtplib.SMTPException) as error:
            # What the server says names the address: only the kind of fault is told on.
            raise OutputError(f"the mail server did not take it ({type(error).__name__})") from None

    def _message(self, address: str, scans: Sequence[Scan], subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, address, subject
        message["Date"], message["Message-ID"] = (
            formatdate(),
            make_msgid(domain=self.sender.partition("@")[2]),
        )
        message.set_content(text)
        for scan in scans:
            kind, _, subtype = scan.media_type.partition("/")
            message.add_attachment(scan.file.read_bytes(), maintype=kind, subtype=subtype, filename=scan.name)
        return message

    def _deliver(self, message: EmailMessage) -> None:
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(self.host, self.port, timeout=30, context=context)
            if self.security == "tls"
            else smtplib.SMTP(self.host, self.port, timeout=30)
        )
        with server:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)
