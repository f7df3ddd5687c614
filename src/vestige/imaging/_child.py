"""The decoding child: `python -m vestige.imaging._child DESCRIPTOR`.

It reads one JSON line a request from the socket it was given, with the file for the pixels beside it, and
answers with one JSON line. It ends with the socket. A crash here harms no one: the parent starts another
child.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import select
import socket
import sys
import threading
from typing import Any

from vestige.imaging import _header
from vestige.imaging._choice import readers

__all__ = ["main"]


def main() -> None:
    """Answer requests until the parent hangs up."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_end_with_parent, args=(connection.fileno(),), daemon=True).start()
    pending, descriptors = b"", []
    while True:
        data, received, _, _ = socket.recv_fds(connection, 1 << 16, 1)
        if not data:
            return
        pending += data
        descriptors += received
        if not pending.endswith(b"\n"):
            continue
        answer = _answer(json.loads(pending), descriptors[0] if descriptors else -1)
        for descriptor in descriptors:
            os.close(descriptor)
        pending, descriptors = b"", []
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _end_with_parent(descriptor: int) -> None:
    """Stop at once when the parent is gone, even in the middle of a decode."""
    poll = select.poll()
    poll.register(descriptor, select.POLLHUP | select.POLLRDHUP)
    poll.poll()
    os._exit(0)


def _answer(request: dict[str, Any], descriptor: int) -> dict[str, Any]:
    _limit(request["bytes"])
    try:
        header, size = _decoded(request, descriptor)
        return {"header": _plain(header), "size": size}
    except _header.RefusedError as error:
        return {"refused": str(error)}
    except MemoryError:
        most = request["bytes"] >> 20
        return {
            "refused": f"needs more than {most} MiB to decode: raise the limit, or save it as a tiled TIFF"
        }
    except OSError as error:
        return {"refused": f"could not be decoded ({error.strerror or error})", "errno": error.errno}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return {"refused": f"is damaged ({reason}); expected an intact image: copy it again"}


def _decoded(request: dict[str, Any], descriptor: int) -> tuple[_header.Header, tuple[int, int]]:
    """Header from the first reader that can; its pixels are then in the file, so many rows and columns."""
    unsupported: _header.RefusedError | None = None
    for open_reader in readers(request["format"]):
        try:
            reader = open_reader(request["path"], request["page"])
            _check_pixels(reader.header, request["pixels"])
            size = (0, 0)
            if descriptor >= 0:
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                size = reader.write_rows(descriptor, linear=request["linear"], shrink=request["shrink"])
            return reader.header, size
        except _header.UnsupportedError as error:
            unsupported = error
    raise unsupported or _header.RefusedError("holds no image that can be read")


def _limit(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size if hard < 0 else min(size, hard), hard))


def _check_pixels(header: _header.Header, most: int) -> None:
    if header.width < 1 or header.height < 1:
        raise _header.RefusedError("is damaged (no pixels); expected an intact image: copy it again")
    if header.width * header.height > most:
        raise _header.RefusedError(
            f"claims {header.width:,} x {header.height:,} pixels; expected at most {most:,} in all: "
            "raise the limit if the file is trusted"
        )


def _plain(header: _header.Header) -> dict[str, Any]:
    return {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in vars(header).items()
    }


if __name__ == "__main__":
    main()
