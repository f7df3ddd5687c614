"""The hand-off service as a process that a benchmark talks to: a line in, a line out."""

from __future__ import annotations

import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import psutil

from vestige.deliver import Counter, GrowingFolder, Inbox, Vault
from vestige.web.handoff.kiosk import Offer, kiosk_app
from vestige.web.handoff.phone import phone_app
from vestige.web.handoff.serving import run


def main(home: Path, kiosk_port: int, phone_port: int) -> None:
    for name in ("vault", "in"):
        (home / name).mkdir(exist_ok=True)
    vault = Vault(home / "vault", idle=3600)
    source = Inbox(home / "in") if str(home).startswith("/dev/shm") else GrowingFolder(home / "in")
    counter = Counter(vault, source, pause=0.02)
    threading.Thread(target=_listen, args=(counter,), daemon=True).start()
    app = phone_app(vault, at_once=10**9, a_second=1e9)  # the limit has a test of its own
    run(
        kiosk_app(Offer(counter, "http://127.0.0.1")),
        ("127.0.0.1", kiosk_port),
        app,
        ("127.0.0.1", phone_port),
    )


def _listen(counter: Counter) -> None:
    vault = counter.vault
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "begin":
            answer = vault.begin().token
        elif verb == "add":
            session = vault.find(words[0])
            assert session is not None
            answer = str(vault.add(session, Path(words[1]), datetime.now(UTC)).size)
        elif verb == "end":
            session = vault.find(words[0])
            assert session is not None
            vault.end(session)
            answer = "ended"
        elif verb == "token":
            answer = counter.session.token if counter.session else "none"
        else:
            answer = str(psutil.Process(os.getpid()).memory_info().rss)
        print(answer, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
