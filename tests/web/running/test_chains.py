"""A chain from the browser: its jobs run, every result is kept with its object, told in plain words, made again."""

import re
import sys
from pathlib import Path

import pytest

from vestige.archive import add
from vestige.contract.registry import register, unregister
from vestige.contract.simulate import simulate
from vestige.jobs import Leases, Resources, State
from vestige.jobs.worker import carry_out

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
from toy import toy

CHAIN = """name = "Twice"
[[step]]
name = "once"
operation = "toy.run"
each = "page"
[[step]]
name = "twice"
operation = "toy.run"
input = "once.image"
"""


@pytest.fixture(autouse=True)
def _toy_is_known():
    register(toy)
    yield
    unregister("toy")


def work_through(bench):
    """Here and now, in this process."""
    leases, ends = Leases(bench.ledger), []
    while attempt := leases.claim("here+a+b+c/1/1", Resources(64, 2**40)):
        ending = carry_out(attempt, str(bench.folder / "catalogue"), lambda done, total, label: None)
        ends.append(leases.end(attempt, ending))
    return ends


def test_all_results_of_a_chain_are_kept_and_told(app, client, tmp_path):
    bench = app.state.bench
    simulate(toy, tmp_path / "book", toy.forward.recipe.make(values={"size": 16}))
    key = add(bench.archive, tmp_path / "book", {"identifier": "MS 7"}).capture
    assert (
        client.post("/run/chain", data={"capture": [key], "chain": "own", "text": CHAIN}).status_code == 303
    )
    assert work_through(bench) == [State.DONE] * 5
    (batch,) = bench.ledger.batches()
    assert client.post("/jobs/batch", data={"batch": batch, "act": "keep"}).status_code == 303
    home = f"/object/{bench.archive.known('MS 7')['id']}"
    text = client.get(home).text
    assert text.count("Made from one frame by Toy") == 4
    assert text.count("Made from 4 results of Toy by Toy") == 1
    newest = re.search(rf'action="({home}/again/[0-9a-f-]+)"', text)[1]
    assert client.post(newest).status_code == 303
    assert work_through(bench) == [State.DONE]
    assert "equal" in client.get(home).text
    assert client.post(newest.replace("/again/", "/equal/")).status_code == 303
    assert not list(bench.results.glob("again-*"))
