"""The proof of a kept product in the workbench."""

import re

import pytest

from vestige.archive import Archive
from vestige.web import create_app


@pytest.fixture
def client(museum, browse):
    app = create_app(museum)
    yield browse(app)
    app.state.bench.close()


def test_a_kept_product_is_proved_and_checked_when_asked(client, museum):
    with Archive(museum) as archive:
        key = archive.show("ANT 7")["captures"][0]["key"]
    address = f"/proof/{key}-{'ab' * 8}/0"
    assert f'href="{address}"' in client.get(f"/result/{key}-{'ab' * 8}/0").text
    text = client.get(address).text
    assert text.count("frame_0") == 4
    assert f"{address}</p>" in text  # what the code holds
    assert "files of version 2" not in text
    checked = re.search(r'href="([^"]+)">Check every byte now', text)[1]
    assert re.search(r"all \d+ files of version 2", client.get(checked).text)
    again = re.search(r'href="(/object/\d+)#(made-[0-9a-f]+)">', text)
    assert f'id="{again[2]}"' in client.get(again[1]).text


@pytest.mark.parametrize("place", ["0" * 64 + "-" + "ab" * 8 + "/0", "nonsense/0"])
def test_what_is_not_kept_has_no_proof(client, place):
    assert client.get(f"/proof/{place}").status_code == 404
