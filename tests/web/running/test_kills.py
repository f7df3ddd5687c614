"""kill -9 of the server in the middle of a run: the job is done after the next start, and the page hears of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from vestige.archive import Archive
from vestige.jobs import Ledger, State
from vestige.web.bench import Bench
from vestige.web.running import benchwork
from vestige.web.running.making import wanted


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def serve(museum, number):
    command = [sys.executable, "-m", "vestige.cli", "serve", str(museum), "--port", str(number), "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{number}/jobs", timeout=5).close()
            return process
        except OSError:
            time.sleep(0.1)
    raise AssertionError(process.stdout.read())


def submitted(museum, key):
    bench = Bench(museum)
    found = wanted("focus", "run")
    given = benchwork.subject(bench.archive, key)
    work = benchwork.work_of(bench.archive, bench.desk, given, found, found[1].recipe())
    job = benchwork.submit(bench.ledger, [("Beetle", work)], bench.workshop.granted())[0]
    bench.close()
    return job.id


def test_a_job_is_resumed_by_the_next_server(museum, keys):
    number, job = port(), submitted(museum, keys[0])
    server = serve(museum, number)
    with Archive(museum) as archive:
        ledger = Ledger(archive.engine)
        for _ in range(400):
            if ledger.job(job).state is not State.WAITING:
                break
            time.sleep(0.02)
        os.kill(server.pid, signal.SIGKILL)
        server.communicate()
        killed = ledger.job(job).state
        server = serve(museum, number)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{number}/jobs/{job}/events", timeout=60) as events:
                told = {}
                for line in events:
                    if line.startswith(b"data: "):
                        told = json.loads(line[6:])
                        if told["settled"]:
                            break
            assert killed is State.RUNNING
            assert told["state"] == "done", ledger.job(job).words
            assert benchwork.has_result(ledger.job(job))
        finally:
            server.terminate()
            server.communicate()
