"""ALTO, PDF, language data, reading: round trips, the official schema, broken files."""

import contextlib
import os
import re
import zlib
from base64 import a85decode
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vestige.errors import InputError, MissingError, OutputError, UsageError
from vestige.imaging import jpeg_bytes
from vestige.pages import (
    Block,
    Box,
    Line,
    PageText,
    Sheet,
    Word,
    character_error_rate,
    find_data,
    folded,
    installed,
    read_alto,
    recognise,
    write_alto,
    write_pdf,
)
from vestige.pages import languages as where
from vestige.testing.mutants import mutants

WORDS = (Word("Freyheit", Box(10, 12, 70, 30), 0.93), Word("größer&<ſ>", Box(80, 11, 140, 31), 0.4))
PAGE = PageText(200, 100, (Block((Line(WORDS),)), Block((Line(WORDS[:1]), Line(WORDS[1:])))), "deu+eng")


def test_alto_reads_back(tmp_path):
    write_alto(PAGE, tmp_path / "0001.xml", image="0001.tif", number=3)
    found = read_alto(tmp_path / "0001.xml")
    assert found.blocks == PAGE.blocks
    assert (found.width, found.height) == (200, 100)


@settings(max_examples=30, deadline=None)
@given(
    text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1),
    box=st.tuples(*[st.integers(0, 5000)] * 4),
    confidence=st.integers(0, 10000),
)
def test_any_word_reads_back(tmp_path_factory, text, box, confidence):
    left, top, width, height = box
    word = Word(text, Box(left, top, left + width, top + height), confidence / 10000)
    path = tmp_path_factory.mktemp("alto") / "a.xml"
    try:
        write_alto(PageText(9999, 9999, (Block((Line((word,)),)),)), path)
    except UsageError:
        return
    assert read_alto(path).words == (word,)


def schemas() -> Path:
    if folder := os.environ.get("VESTIGE_SCHEMAS"):
        return Path(folder)
    if folder := os.environ.get("VESTIGE_REAL_DATA"):
        return Path(folder).parent / "schemas"
    pytest.skip("VESTIGE_SCHEMAS does not name the folder of the official schemas")


@pytest.mark.parametrize("page", [PAGE, PageText(10, 10)])
def test_alto_is_valid_by_the_official_schema(page, tmp_path):
    path = schemas() / "alto-4.4.xsd"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the folder of schemas")

    class Beside(etree.Resolver):
        def resolve(self, url, _, context):
            local = path.parent / Path(url).name
            return self.resolve_filename(str(local), context) if local.is_file() else None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Beside())
    schema = etree.XMLSchema(etree.parse(path, parser))
    write_alto(page, tmp_path / "0001.xml", image="0001.tif")
    schema.assertValid(etree.parse(tmp_path / "0001.xml"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<alto",
        b"<html/>",
        b"<alto><Layout><Page WIDTH='x' HEIGHT='3'/></Layout></alto>",
        b"<alto><Page WIDTH='0' HEIGHT='3'/></alto>",
        b"<a><Page WIDTH='9' HEIGHT='9'><TextBlock><TextLine><String CONTENT='a' HPOS='nan'/></TextLine>"
        b"</TextBlock></Page></a>",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><Page WIDTH="1" HEIGHT="&e;"/></a>',
    ],
)
def test_no_alto_is_one_sentence(data, tmp_path):
    path = tmp_path / "0001.xml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"0001\.xml") as caught:
        read_alto(path)
    assert "\n" not in str(caught.value)


def test_folder_instead_of_alto(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_alto(tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        write_alto(PAGE, tmp_path / "none" / "a.xml")


def test_mutants_of_alto(tmp_path):
    path = tmp_path / "0001.xml"
    write_alto(PAGE, path, image="0001.tif")
    for data in mutants(path.read_bytes(), 300, seed=4):
        path.write_bytes(data)
        try:
            found = read_alto(path)
        except InputError as error:
            assert "0001.xml" in str(error)
        else:
            assert found.width > 0


def a85decode_or_empty(data: bytes) -> bytes:
    with contextlib.suppress(ValueError):
        return a85decode(data.removesuffix(b"~>"))
    return b""


def contents(data: bytes) -> str:
    """Everything in the streams of a PDF made by reportlab."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.S):
        data = stream.strip(b"\r\n")
        for packed in (data, a85decode_or_empty(data)):
            with contextlib.suppress(zlib.error):
                found.append(zlib.decompress(packed).decode("latin-1"))
    return "\n".join(found)


def test_pdf_is_searchable_and_the_same_twice(tmp_path):
    jpeg = jpeg_bytes(np.full((100, 200), 230, np.uint8))
    for name in ("a.pdf", "b.pdf"):
        write_pdf(tmp_path / name, [Sheet(jpeg, 2.0, 1.0, PAGE), Sheet(jpeg, 2.0, 1.0)], title="Kant")
    data = (tmp_path / "a.pdf").read_bytes()
    assert data == (tmp_path / "b.pdf").read_bytes()
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") == 2
    text = contents(data)
    assert "3 Tr" in text, "the words are not set unseen"
    assert "017F" in text.upper(), "the long s has no Unicode value"


def test_pdf_without_pages_is_refused(tmp_path):
    with pytest.raises(UsageError, match="at least one page"):
        write_pdf(tmp_path / "a.pdf", [])


def test_language_data_is_looked_for_where_it_may_be(tmp_path, monkeypatch):
    (tmp_path / "tessdata").mkdir()
    (tmp_path / "tessdata" / "lat.traineddata").write_bytes(b"")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert find_data(["lat"]) == tmp_path / "tessdata"
    assert installed()["lat"] == tmp_path / "tessdata"


def test_missing_language_says_what_to_install(monkeypatch):
    with pytest.raises(MissingError, match="install tesseract-ocr-xyz"):
        find_data(["xyz"])
    monkeypatch.setattr(where, "data_folders", list)
    with pytest.raises(MissingError, match="found: none"):
        find_data(["deu"])
    with pytest.raises(MissingError, match="no Tesseract data"):
        recognise(np.ones((50, 50), np.float32))


def test_script_chooses_the_language(monkeypatch):
    monkeypatch.setattr(where, "installed", lambda: {"Fraktur": Path("a"), "deu": Path("b")})
    assert where.choose("Fraktur") == ["Fraktur"]


def test_reading_nothing(tmp_path):
    assert recognise(np.ones((100, 100), np.float32), "eng").text == ""
    with pytest.raises(UsageError, match="1 to 32000"):
        recognise(np.ones((0, 5), np.float32), "eng")


def test_error_rate_is_a_distance():
    assert character_error_rate("", "abcd") == 1
    assert character_error_rate("kitten", "sitting") == pytest.approx(3 / 7)
    assert character_error_rate("", "") == 0
    assert folded("Weſen — „ſo“") == 'Wesen - "so"'


@settings(max_examples=25, deadline=None)
@given(st.text("abc ", max_size=12), st.text("abc ", min_size=1, max_size=12))
def test_error_rate_against_the_recurrence(found, truth):
    reading, wanted = folded(found), folded(truth)

    def distance(i, j):
        if not i or not j:
            return i + j
        return table[i][j]

    table = [[0] * (len(wanted) + 1) for _ in range(len(reading) + 1)]
    for i in range(1, len(reading) + 1):
        for j in range(1, len(wanted) + 1):
            same = reading[i - 1] == wanted[j - 1]
            table[i][j] = min(
                distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (not same)
            )
    expected = distance(len(reading), len(wanted)) / len(wanted) if wanted else float(bool(reading))
    assert character_error_rate(found, truth) == pytest.approx(expected)
