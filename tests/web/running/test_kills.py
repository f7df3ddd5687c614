"""kill -9 of the server in the middle of a run: the job is done after the next start, and the page hears of it."""

import json
import os
import signal
import time
import urllib.request

from vestige.archive import Archive
from vestige.jobs import Ledger, State
from vestige.web.bench import Bench
from vestige.web.running import benchwork
from vestige.web.running.making import wanted


def submitted(museum, key):
    bench = Bench(museum)
    found = wanted("focus", "run")
    given = benchwork.subject(bench.archive, key)
    work = benchwork.work_of(bench.archive, bench.desk, given, found, found[1].recipe())
    job = benchwork.submit(bench.ledger, [("Beetle", work)], bench.workshop.granted())[0]
    bench.close()
    return job.id


def test_a_job_is_resumed_by_the_next_server(museum, keys, started, port):
    job = submitted(museum, keys[0])
    server = started(museum, port)
    with Archive(museum) as archive:
        ledger = Ledger(archive.engine)
        for _ in range(400):
            if ledger.job(job).state is not State.WAITING:
                break
            time.sleep(0.02)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        killed = ledger.job(job).state
        started(museum, port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/jobs/{job}/events", timeout=60) as events:
            told = {}
            for line in events:
                if line.startswith(b"data: "):
                    told = json.loads(line[6:])
                    if told["settled"]:
                        break
        assert killed is State.RUNNING
        assert told["state"] == "done", ledger.job(job).words
        assert benchwork.has_result(ledger.job(job))
