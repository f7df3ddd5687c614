"""Every address for every kind; what is missing, broken or hostile is one sentence and never a 500."""

import re
import shutil

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from vestige.contract.kinds import Kind
from vestige.web import create_app
from vestige.web.shelf import Scanner
from vestige.web.viewers import VIEWERS

HOME = "http://127.0.0.1"
KINDS = [
    "image",
    "depth",
    "bands",
    "relightable",
    "normals",
    "mesh",
    "page",
    "text",
    "text",
    "grid",
    "classes",
    "features",
    "model",
    "table",
    "report",
]
PLACES = [pytest.param(place, id=f"{place}-{kind}") for place, kind in enumerate(KINDS)]
RASTERS = [
    place
    for place, kind in enumerate(KINDS)
    if kind in ["image", "depth", "bands", "normals", "page", "grid", "classes"]
]


@pytest.fixture(scope="module")
def key(original):
    return next(iter(Scanner(original).scan().results))


def browser(folder) -> TestClient:
    return TestClient(create_app(folder), base_url=HOME)


def decoded(answer) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_there_is_a_viewer_for_every_kind():
    assert set(VIEWERS) == set(Kind)


def test_index_shows_captures_and_results(client, key):
    page = client.get("/").text
    assert f'href="/result/{key}"' in page
    assert "One of every kind" in page
    assert "A &lt;coin&gt; &amp; its case" in page
    for source in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        answer = client.get(source)
        assert answer.status_code == 200, source
        client.cookies.clear()


def test_empty_folder_says_what_to_do(tmp_path):
    page = browser(tmp_path).get("/")
    assert page.status_code == 200
    assert "vestige demo" in page.text


@pytest.mark.parametrize("place", PLACES)
def test_product_page_and_thumbnail(client, key, place):
    page = client.get(f"/result/{key}/{place}")
    assert page.status_code == 200
    assert 'role="alert"' not in page.text
    assert "&lt;left out&gt;" in page.text
    assert page.text.count('aria-current="page"') == 1
    assert client.get(f"/thumbnail/{key}/{place}").status_code == 200


@pytest.mark.parametrize("place", RASTERS)
def test_tiles_are_the_size_they_say(client, key, place):
    told = client.get(f"/raster/{key}/{place}/0").json()
    for zoom in range(told["deepest"] + 1):
        scale = 2 ** (told["deepest"] - zoom)
        width, height = -(-told["width"] // scale), -(-told["height"] // scale)
        tile = decoded(client.get(f"{told['tiles']}/{zoom}/0/0"))
        assert tile.shape[:2] == (min(told["tile"], height), min(told["tile"], width))
    last = (told["width"] - 1) // told["tile"], (told["height"] - 1) // told["tile"]
    assert client.get(f"{told['tiles']}/{told['deepest']}/{last[0]}/{last[1]}").status_code == 200
    assert client.get(f"{told['tiles']}/{told['deepest']}/{last[0] + 1}/0").status_code == 404


def test_tiles_of_a_picture_are_its_pixels(client, key, original):
    import tifffile

    told = client.get(f"/raster/{key}/0/0").json()
    tile = decoded(client.get(f"{told['tiles']}/{told['deepest']}/1/1"))[..., ::-1]
    stored = tifffile.imread(original / "products/every-kind/image.tif")[512:1024, 512:1024] / 257
    assert np.abs(tile - stored).mean() < 1.5


def test_depth_is_transparent_where_it_is_missing_and_follows_its_range(client, key):
    for look in ("viridis", "relief", "grey"):
        tile = decoded(client.get(f"/tiles/{key}/1/0/1/0/0?look={look}&low=0&high=4"))
        assert tile.shape[2] == 4
        assert tile[10, 10, 3] == 0
        assert tile[300, 300, 3] == 255
    dark = decoded(client.get(f"/tiles/{key}/1/0/0/0/0?look=grey&low=0&high=400"))
    assert dark[..., :3].max() < 20


def test_bands_one_by_one_and_three_as_colour(client, key):
    single = decoded(client.get(f"/tiles/{key}/2/0/0/0/0?bands=4"))
    mixed = decoded(client.get(f"/tiles/{key}/2/0/0/0/0?bands=5,2,0"))
    assert np.ptp(single.astype(int), axis=2).max() <= 2
    assert np.ptp(mixed.astype(int), axis=2).max() > 5
    assert client.get(f"/tiles/{key}/2/0/0/0/0?bands=6").status_code == 404


def test_page_and_text_carry_words(client, key):
    words = client.get(f"/words/{key}/7/0").json()
    assert words["words"][0] == {
        "text": "Habe",
        "box": [60 / 640, 100 / 900, 100 / 640, 24 / 900],
        "confidence": 0.4,
    }
    assert words["paragraphs"][0].startswith("Habe nun ach Philosophie\n")
    assert f"/words/{key}/7/2" in client.get(f"/result/{key}/6").text


def test_outlines_are_in_the_metres_of_the_grid(client, key):
    found = client.get(f"/features/{key}/11").json()
    assert found["total"] == 2
    assert found["features"][1]["properties"] == {"class": "pit", "confidence": 0.61}
    xs = np.array(found["features"][1]["geometry"]["coordinates"][0])[:, 0]
    assert 480100 < xs.min() < xs.max() < 480120


def test_table_is_text_and_never_markup(client, key):
    page = client.get(f"/result/{key}/13").text
    assert "&lt;b&gt;not bold&lt;/b&gt;" in page
    assert "<b>not bold" not in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('[{"a": 1, "b": 2}, {"a": 3}]', ['<th scope="col">b</th>', "<td>3</td><td>–</td>"]),
        ('{"pages": [{"a": 1}, {"a": 3}], "n": 2}', ['<th scope="col">a</th>', "<td>3</td>"]),
        ('{"score": {"mean": 0.5}}', ["score · mean", "<td>0.5</td>"]),
        ("[1, 2]", ["<td>1, 2</td>"]),
    ],
)
def test_json_is_shown_as_rows(folder, key, text, shown):
    (folder / "products/every-kind/table.csv").unlink()
    (folder / "products/every-kind/table.csv").mkdir()
    (folder / "products/every-kind/table.csv/index.json").write_text(text)
    page = browser(folder).get(f"/result/{key}/13").text
    assert all(part in page for part in shown)


def test_model_tells_what_it_takes(client, key):
    assert "background, feature" in client.get(f"/result/{key}/12").text


def test_stored_files_come_as_they_are(client, key, original):
    glb = client.get(f"/file/{key}/5/0")
    assert glb.content == (original / "products/every-kind/model.glb").read_bytes()
    assert glb.headers["content-type"] == "model/gltf-binary"
    tif = client.get(f"/file/{key}/0/0")
    assert tif.headers["content-disposition"].startswith("attachment")
    for address in (f"/file/{key}/14/0", f"/report/{key}"):
        assert "sandbox" in client.get(address).headers["content-security-policy"]


def test_capture_page_and_frames(client, original):
    capture = next(iter(Scanner(original).scan().captures))
    page = client.get(f"/capture/{capture}").text
    assert "wavelength 450 nm" in page
    assert "light (0.60, 0.00, 0.80)" in page
    assert decoded(client.get(f"/frame/{capture}/0?side=320")).shape == (120, 160, 3)
    assert client.get(f"/frame/{capture}/4").status_code == 404
    assert client.get(f"/frame/{capture}/0?side=5000").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/result/nowhere",
        "/result/{key}/99",
        "/result/{key}/-1",
        "/capture/{key}",
        "/record/nowhere",
        "/report/nowhere",
        "/thumbnail/{key}/99",
        "/file/{key}/0/1",
        "/file/{key}/0/-1",
        "/raster/{key}/0/7",
        "/raster/{key}/0/-1",
        "/tiles/{key}/0/0/99/0/0",
        "/tiles/{key}/0/0/-1/0/0",
        "/tiles/{key}/0/0/0/-1/0",
        "/tiles/{key}/0/0/0/9999999999/0",
        "/features/{key}/0",
        "/words/{key}/0/0",
        "/language/xx",
        "/nothing",
        "/static/nothing.js",
    ],
)
def test_what_is_not_there_is_one_sentence(client, key, address):
    answer = client.get(address.format(key=key))
    assert answer.status_code == 404
    assert "What this address names is not here" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/tiles/{key}/0/0/zoom/0/0",
        "/tiles/{key}/0/0/0/0/0?look=nothing",
        "/tiles/{key}/0/0/0/0/0?bands=1,2,3,4",
        "/tiles/{key}/0/0/0/0/0?low=nan",
        "/overview/{key}/0/0?side=100000",
        "/result/{key}/first",
    ],
)
def test_a_wrong_address_is_one_sentence(client, key, address):
    assert client.get(address.format(key=key)).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "/file/../../etc/passwd",
        "/static/../shelf.py",
        "/static/..%2f..%2fshelf.py",
        "/static/%2e%2e/%2e%2e/shelf.py",
        "/static//etc/passwd",
        "/file/{key}/0/..%2f..%2freport.json",
        "/report/..%2f..%2f",
    ],
)
def test_no_address_leaves_the_folder(client, key, address):
    answer = client.get(address.format(key=key))
    assert answer.status_code in (400, 404)
    assert b"root:" not in answer.content
    assert b"class Scanner" not in answer.content


@pytest.mark.parametrize(
    "path", ["../../captures/coin/frame_00.png", "/etc/passwd", "..", ".", "a\0b", "link"]
)
def test_a_report_cannot_name_what_lies_outside(folder, key, path, request):
    made = folder / "products/every-kind"
    (made / "link").symlink_to("/etc/passwd")
    text = (made / "report.json").read_text()
    (made / "report.json").write_text(text.replace('"image.tif"', '"' + path.replace("\0", "\\u0000") + '"'))
    with browser(folder) as visitor:
        page = visitor.get(f"/result/{key}/0")
        assert page.status_code == 200
        assert "lies outside the folder" in page.text
        assert visitor.get(f"/file/{key}/0/0").status_code == 422
        assert visitor.get(f"/thumbnail/{key}/0").status_code == 200


def test_links_inside_a_product_are_not_followed(folder, key):
    (folder / "products/every-kind/pages/0004.tif").symlink_to("/etc/passwd")
    with browser(folder) as visitor:
        assert "0004" not in visitor.get(f"/result/{key}/6").text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", ["missing", "empty", "garbage", "truncated"])
def test_broken_products_are_one_sentence(folder, key, place, fault):
    made = folder / "products/every-kind"
    record = Scanner(folder).result(key).record(place)
    path = made / record.path
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    if fault == "missing":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in files if fault != "missing" else []:
        data = file.read_bytes()
        spoilt = {"empty": b"", "garbage": bytes(range(256)) * 40, "truncated": data[: len(data) // 3]}[fault]
        file.write_bytes(spoilt)
    with browser(folder) as visitor:
        page = visitor.get(f"/result/{key}/{place}")
        assert page.status_code == 200
        assert str(folder) not in page.text
        others = [f"/raster/{key}/{place}/0", f"/tiles/{key}/{place}/0/0/0/0", f"/overview/{key}/{place}/0"]
        others += [f"/words/{key}/{place}/0", f"/features/{key}/{place}", f"/thumbnail/{key}/{place}"]
        for address in others:
            answer = visitor.get(address)
            assert answer.status_code in (200, 404, 422), address
            assert str(folder) not in answer.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "vestige-report-2"}', "\xff"])
def test_a_broken_report_or_manifest_is_a_card_with_a_sentence(folder, key, text):
    (folder / "products/every-kind/report.json").write_text(text, encoding="latin-1")
    (folder / "captures/coin/capture.json").write_text(text, encoding="latin-1")
    with browser(folder) as visitor:
        index = visitor.get("/")
        assert index.status_code == 200
        assert index.text.count('class="fault"') == 2
        assert str(folder) not in index.text
        assert visitor.get(f"/result/{key}").status_code == 200
        capture = next(iter(Scanner(folder).scan().captures))
        assert visitor.get(f"/capture/{capture}").status_code == 200


def test_a_broken_frame_is_one_sentence(folder):
    (folder / "captures/coin/frame_01.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 50)
    capture = next(iter(Scanner(folder).scan().captures))
    with browser(folder) as visitor:
        answer = visitor.get(f"/frame/{capture}/1")
        assert answer.status_code == 422
        assert "frame_01.png" in answer.text
        assert str(folder) not in answer.text
