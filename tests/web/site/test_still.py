"""IIIF as files: every address in it is one of its files, and a viewer asks for no other."""

import functools
import http.server
import json
import shutil
import threading

import pytest

from vestige.archive import Archive
from vestige.errors import UsageError
from vestige.publish.iiif.still import publish_still
from vestige.web.views import static_folder

PAGE = """<!doctype html><title>A viewer of others</title><div id="view" style="width:700px;height:500px"></div>
<script type="module">
import OpenSeadragon from "./openseadragon.js";
const viewer = OpenSeadragon({element: document.getElementById("view"), tileSources: TILES, prefixUrl: "", drawer: "canvas"});
viewer.addHandler("tile-drawn", () => document.body.classList.add("drawn"));
viewer.addHandler("tile-load-failed", (event) => document.body.append(" failed " + event.tile.getUrl()));
viewer.addHandler("open-failed", (event) => document.body.append(" failed " + event.message));
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def iiif(museum, tmp_path_factory):
    """The folder, and the address at which a server that knows nothing of us shows it."""
    out = tmp_path_factory.mktemp("still") / "iiif"
    handler = functools.partial(Quiet, directory=str(out))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    copy = shutil.copytree(museum, out.with_name("museum"))
    with Archive(copy) as archive:
        archive.annotate("ANT 7", {"text": "A nick in the rim"})
        done = publish_still(archive, ["ANT 7", "MS 1", "MS 2"], out, url=f"{url}/", title="Coins")
        again = publish_still(archive, ["ANT 7"], out, url=url, title="Coins")
    assert [sentence.split(":")[0] for sentence in done.refused] == [
        "MS 1 is under embargo until 2999-01-01",
        "MS 2 has no picture to publish",
    ]
    assert (done.written, again.written, again.unchanged) == (1, 0, 1)
    yield out, url
    server.shutdown()
    server.server_close()


def addresses(value, base):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from addresses(item, base)
            if value.get("type") == "ImageService3" and name == "id":
                yield f"{item}/info.json"
    elif isinstance(value, list):
        for item in value:
            yield from addresses(item, base)
    elif isinstance(value, str) and value.startswith(base):
        yield value


def test_every_address_is_a_file(iiif):
    out, base = iiif
    manifests = [*out.glob("objects/*/*.json"), out / "collection.json"]
    assert len(manifests) == 3  # of the object, of its scene, of everything
    for path in manifests:
        for address in addresses(json.loads(path.read_bytes()), f"{base}/"):
            place = address.removeprefix(f"{base}/")
            named_only = "/canvas/" in place or "/scene-" in place or address == f"{base}/"
            is_picture = place.startswith("images/") and place.count("/") == 1
            assert named_only or is_picture or (out / place).is_file(), address
    told = json.loads(next(out.glob("objects/*/manifest.json")).read_bytes())
    assert "service" not in told
    assert told["rights"].endswith("/by/4.0/")
    words = [page for canvas in told["items"] for page in canvas.get("annotations", ())]
    assert "Habe nun ach Philosophie" in [item["body"]["value"] for page in words for item in page["items"]]


def test_the_tiles_cover_each_picture(iiif):
    out, base = iiif
    infos = list(out.glob("images/*/info.json"))
    assert len(infos) > 15
    for path in infos:
        told = json.loads(path.read_bytes())
        assert told["profile"] == "level0"
        assert told["id"] == f"{base}/images/{path.parent.name}"
        for size in told["sizes"]:
            assert (path.parent / f"full/{size['width']},{size['height']}/0/default.jpg").is_file()


def test_a_viewer_of_others_shows_them(iiif, browser):
    out, base = iiif
    shutil.copyfile(static_folder() / "vendor/openseadragon.js", out / "openseadragon.js")
    infos = sorted(out.glob("images/*/info.json"), key=lambda path: -len(list(path.parent.rglob("*.jpg"))))
    page = browser.new_page()
    missing = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status == 404 else None)
    for path in infos[:3]:
        tiles = json.dumps(f"{base}/images/{path.parent.name}/info.json")
        (out / "look.html").write_text(PAGE.replace("TILES", tiles))
        page.goto(f"{base}/look.html")
        page.locator("body.drawn").wait_for(timeout=8000)
        for _ in range(3):
            page.mouse.move(350, 250)
            page.mouse.wheel(0, -600)
            page.wait_for_timeout(500)
        assert "failed" not in page.locator("body").inner_text()
    page.close()
    assert [url for url in missing if "/images/" in url] == []


def test_without_an_address_there_is_no_iiif(museum, tmp_path):
    with Archive(museum) as archive, pytest.raises(UsageError, match="needs --url"):
        publish_still(archive, ["ANT 7"], tmp_path / "out", url="")
