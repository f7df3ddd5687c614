"""What lies in a published site."""

import json
import os
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from vestige.archive import Archive
from vestige.cli.root import root as command
from vestige.contract.kinds import Kind
from vestige.errors import OutputError
from vestige.web.site import things as offered
from vestige.web.site.finding import folded, shard
from vestige.web.site.publication import publish_site


class Links(HTMLParser):
    """Every address that a page leads to or shows."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("href", "src")]
        told = dict(attributes).get("data-stage")
        if told:
            self.found += [
                text for text in strings(json.loads(told)) if re.search(r"\.(js|jpg|webp|png)$", text)
            ]


def strings(value):
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)


def test_every_address_is_relative_and_leads_to_a_file(site):
    pages = sorted(site.rglob("*.html"))
    pages = [page for page in pages if "files" not in page.parts]
    assert len(pages) > 60
    for page in pages:
        for address in Links(page.read_text(encoding="utf-8")).found:
            place = unquote(re.split("[?#]", address)[0])
            assert not re.match(r"[a-z]+:|/", address), (page, address)
            assert place == "" or (page.parent / place).is_file(), (page, address)
        twin = page.with_name(page.name.replace(".de.html", ".html"))
        assert twin.is_file()
    for sheet in site.glob("assets/css/*.css"):
        for address in re.findall(r'url\("([^"]+)"\)', sheet.read_text()):
            assert (sheet.parent / address).is_file(), (sheet, address)


def test_every_kind_has_its_viewer_and_its_data(site, products):
    assert {name.split("-")[0] for name in products} == set(Kind)
    for name, place in products.items():
        text = (site / place).read_text(encoding="utf-8")
        assert "notice fault" not in text, name
        assert "CC BY 4.0" in text
    assert len(list((site / products["bands-2"]).parent.glob("t0/*/0/0-0.jpg"))) == 7
    assert (site / products["mesh-5"]).with_name("model.js").read_bytes().startswith(b'vestigeSays("')
    assert "Coin &lt;Évreux&gt;" in (site / "index.html").read_text(encoding="utf-8")


def test_the_masters_stay_where_they_are_unless_asked_for(site, things, products, tmp_path):
    here = (site / products["image-0"]).parent
    assert not list(here.rglob("*.tif"))
    publish_site(things("ANT 7"), tmp_path / "site", originals=True)
    there = tmp_path / "site" / products["image-0"]
    assert [path.name for path in (there.parent / "files").iterdir()] == ["image.tif"]


def test_a_proof_tells_frames_recipe_check_and_how_to_make_it_again(site):
    proofs = sorted(site.glob("proof/*-0.html"))
    assert len(proofs) == 1
    text = proofs[0].read_text(encoding="utf-8")
    made = json.loads(next((site / "made").glob("ant-7-*.json")).read_bytes())
    assert text.count("frame_0") == 4
    assert "toy run 1" in text
    assert "levels" in text
    assert re.search(r"all \d+ files of version 2", text)
    assert "vestige archive reproduce ARCHIVE" in text
    assert f"https://museum.example/coins/proof/{proofs[0].name}" in text
    assert next(iter(made["results"].values()))["products"][0]["proof"] == proofs[0].stem


def test_without_an_address_the_code_is_the_digest_and_says_so(original, tmp_path):
    source = original / "products" / "every-kind"
    publish_site([lambda: offered.lying(source)], tmp_path / "site")
    text = next((tmp_path / "site/proof").glob("*-0.html")).read_text(encoding="utf-8")
    assert "urn:blake3:" in text
    assert "without an address" in text
    assert "published from a folder" in text


def test_what_is_unchanged_is_not_written_again(site, things, tmp_path, museum):
    out = tmp_path / "site"
    shutil.copytree(site, out, copy_function=os.link)
    before = {path: path.stat().st_ino for path in out.rglob("*.jpg")}
    done = publish_site(things("ANT 7", "MS 2"), out, title="Coins", url="https://museum.example/coins/")
    assert (done.written, done.unchanged) == (0, 2)
    assert {path: path.stat().st_ino for path in out.rglob("*.jpg")} == before
    done = publish_site(things("MS 2"), out, title="Psalters")
    assert (done.written, done.unchanged) == (1, 0)
    assert not list((out / "proof").glob("*.html"))
    assert not list(out.parent.glob(".site*"))


def test_a_change_of_the_description_writes_pages_but_no_pictures(site, museum, tmp_path):
    copy, out = shutil.copytree(museum, tmp_path / "museum"), tmp_path / "site"
    shutil.copytree(site, out, copy_function=os.link)
    before = {path: path.stat().st_ino for path in out.rglob("*.jpg")}
    with Archive(copy) as archive:
        archive.describe("ANT 7", {"place": "Leoben"})
        done = publish_site([lambda: offered.kept(archive, "ANT 7")], out, title="Coins")
    assert done.written == 1
    assert {path: path.stat().st_ino for path in out.rglob("*.jpg")} == before
    assert "Leoben" in next(out.glob("objects/*/index.html")).read_text(encoding="utf-8")
    # The site published before is another one: its files are not written through.
    assert "Leoben" not in next(site.glob("objects/ant*/index.html")).read_text(encoding="utf-8")


def test_a_stopped_publication_leaves_the_old_site_and_goes_on(site, things, tmp_path):
    out = tmp_path / "site"
    shutil.copytree(site, out)
    (out / "made").joinpath(next((site / "made").glob("ant*")).name).unlink()

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_site([*things("ANT 7"), stop], out, title="Coins", url="https://museum.example/coins")
    assert (out / "index.html").read_bytes() == (site / "index.html").read_bytes()
    done = publish_site(things("ANT 7", "MS 2"), out, title="Coins", url="https://museum.example/coins")
    assert (done.written, done.unchanged) == (0, 2)


def test_a_folder_that_is_no_site_is_left_alone(things, tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something that is no published site"):
        publish_site(things("MS 2"), tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "mine"


def test_words_are_found_by_their_first_letters(site):
    assert folded("Évreux") == ["evreux"]
    for word in ("evreux", "leoben", "philosophie", "heissem", "ant"):
        text = (site / "search" / f"{shard(word)}.js").read_text(encoding="utf-8")
        assert word in json.loads(text.removeprefix("vestigeSays(").removesuffix(");\n"))


def test_the_command_publishes_the_rest_and_ends_with_one(museum, tmp_path, capsys):
    from vestige.cli.console import guarded

    where = ["--archive", str(museum)]
    out = tmp_path / "out"
    assert guarded(command, ["publish", "MS 1", "MS 2", "--to", "site", *where, "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "MS 1 is under embargo until 2999-01-01" in said
    assert "1 of 2 were not published" in said
    assert (out / "index.de.html").is_file()
    for form, mark in (("bag", "bagit.txt"), ("rocrate", "ro-crate-metadata.json")):
        folder = tmp_path / form
        assert guarded(command, ["publish", "ANT 7", "--to", form, *where, "--out", str(folder)]) == 0
        assert len(list(folder.glob(f"ANT-7-*/{mark}"))) == 1
        assert guarded(command, ["publish", "MS 1", "--to", form, *where, "--out", str(folder)]) == 1
    assert guarded(command, ["publish", "--to", "site", *where, "--out", str(out)]) == 2
    assert guarded(command, ["publish", "x", "--to", "bag", "--out", str(out)]) == 2
