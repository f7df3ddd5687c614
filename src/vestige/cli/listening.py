"""A socket that takes a stream: rows of text in, one answer for each piece out."""

from __future__ import annotations

import hmac
import socket
import socketserver
import threading
from collections.abc import Callable

from vestige.contract.intake import Intake, take_all
from vestige.errors import UsageError, VestigeError

#: Bytes read at once, bytes of the longest first row, senders at once, seconds that an answer may wait.
CHUNK, FIRST_ROW, SENDERS, PATIENCE = 1 << 16, 200, 16, 30.0

Told = Callable[[str], None]


class Listener:
    """Listens at an address and takes what is sent there into an open capture.

    The sender hears ``ok LABEL kept``, ``ok LABEL known`` or ``refused LABEL: why`` for each piece; what it
    did not hear of it sends again. It is read no faster than pieces are kept, so that a fast sender waits.
    A piece that is not whole when the connection ends is dropped. Beyond this machine the sender's first
    row is ``key WORD``.
    """

    def __init__(self, intake: Intake, host: str, port: int, told: Told, *, key: str = "") -> None:
        if not key and host not in ("127.0.0.1", "localhost", "::1"):
            raise UsageError(
                f"{host} is heard beyond this machine: give a --key-file with a word senders begin by"
            )
        self.intake, self.told, self.key = intake, told, key.encode()
        places = threading.BoundedSemaphore(SENDERS)
        listener = self

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        class Sender(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                if not places.acquire(blocking=False):
                    self.request.sendall(b"refused connection: too many senders at once\n")
                    return
                try:
                    listener.serve(self.request, str(self.client_address[0]))
                finally:
                    places.release()

        try:
            self._server = Server((host, port), Sender)
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be listened at ({error.strerror}): choose another"
            ) from None
        self.address: tuple[str, int] = self._server.server_address[:2]  # type: ignore[assignment]
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="listener", daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self, connection: socket.socket, sender: str) -> None:
        """Take what one sender sends until it ends."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.settimeout(None)
        splitter = self.intake.splitter()
        try:
            rest = self._greeted(connection)
            while rest is not None:
                answers = take_all(self.intake, splitter.feed(rest)) if rest else []
                for label, became, why in answers:
                    self._say(connection, f"refused {label}: {why}" if why else f"ok {label} {became}")
                    if why:
                        self.told(f"{sender}: {label} {why}")
                rest = connection.recv(CHUNK) or None
        except VestigeError as error:
            self._say(connection, f"refused: {error}")
            self.told(f"{sender}: {error}")
        except OSError:
            pass  # the sender is gone; what it did not hear of it sends again
        splitter.close(whole=False)

    def _greeted(self, connection: socket.socket) -> bytes | None:
        """What follows the key; None where the sender does not know it."""
        if not self.key:
            return b""
        connection.settimeout(PATIENCE)
        data = b""
        while b"\n" not in data and len(data) < FIRST_ROW:
            if not (part := connection.recv(FIRST_ROW)):
                return None
            data += part
        row, _, rest = data.partition(b"\n")
        connection.settimeout(None)
        if hmac.compare_digest(row.strip(), b"key " + self.key):
            return rest
        self._say(connection, "refused connection: the first row must be key WORD")
        return None

    def _say(self, connection: socket.socket, answer: str) -> None:
        connection.settimeout(PATIENCE)
        connection.sendall(answer.encode("utf-8", "replace") + b"\n")
        connection.settimeout(None)
