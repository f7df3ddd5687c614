"""What a logger sends becomes lines; what makes no sense is refused and costs no other line."""

import io

import numpy as np
import pytest

from vestige.contract import Piece, Refused
from vestige.survey.streaming.lines import LineSplitter
from vestige.testing import mutants


def cut(text, *, whole=True):
    splitter = LineSplitter()
    return [*splitter.feed(text), *splitter.close(whole=whole)]


GOOD = b"3,100,50,1.5\n3,100,50.25,*\n3,100,50.5,-2\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace(b",", b";"),
        GOOD.replace(b",", b"\t"),
        GOOD.replace(b",", b"  "),
        GOOD.replace(b"\n", b"\r\n"),
        b"# a note\n\n" + GOOD + b"end 3\n",
        b"X,Y,nT,line\n" + b"".join(b",".join([*r.split(b",")[1:], b"3\n"]) for r in GOOD.splitlines()),
    ],
)
def test_rows_become_a_line(text):
    (piece,) = cut(text)
    assert piece.data == b"easting,northing,nT\n100,50,1.5\n100,50.25,nan\n100,50.5,-2\n"
    assert (piece.name, piece.label) == ("lines/000003-00.csv", "line 3")
    assert piece.settings == {"bounds": [100, 50, 100, 50.5], "readings": 3}


def test_any_cut_of_the_bytes_gives_the_same_lines():
    text = GOOD + GOOD.replace(b"3,100", b"4,101") + b"end\n"
    for size in (1, 2, 7, 19):
        splitter = LineSplitter()
        found = [p for at in range(0, len(text), size) for p in splitter.feed(text[at : at + size])]
        assert [piece.label for piece in found] == ["line 3", "line 4"]


def test_the_probes_of_a_cart_may_be_mixed():
    rows = ["line,easting,northing,nt,probe,time\n"]
    rows += [
        f"9,{200 + 0.25 * probe},{10 + step},{probe},{probe},{step}\n"
        for step in range(3)
        for probe in (0, 1)
    ]
    found = cut("".join(rows).encode())
    assert [piece.name for piece in found] == ["lines/000009-00.csv", "lines/000009-01.csv"]
    assert found[1].data.splitlines()[:2] == [b"easting,northing,nT,time", b"200.25,10,1,0"]


def test_a_sentence_is_proved_by_its_checksum():
    def framed(row):
        body = f"VMAG,{row}"
        total = 0
        for sign in body:
            total ^= ord(sign)
        return f"${body}*{total:02X}\n".encode()

    text = b"".join(framed(row) for row in GOOD.decode().split())
    assert [piece.label for piece in cut(text)] == ["line 3"]
    refused = cut(text.replace(b"1.5", b"1.6"))
    assert [item.label for item in refused] == ["a row", "line 3"]
    assert all("checksum" in item.sentence for item in refused)
    assert [piece.label for piece in cut(b"LOGGER 7, serial 12\n" + text)] == ["a row", "line 3"]
    assert isinstance(cut(b"LOGGER 7\n" + text)[1], Piece)


def test_half_a_line_is_dropped_where_the_connection_was_cut():
    assert cut(GOOD, whole=False) == []
    assert [piece.label for piece in cut(GOOD[:-1])] == ["line 3"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"3,100,north,2\n", "holds the row"),
        (b"3,100,nan,2\n", "holds the row"),
        (b"3,100,50.75,strong\n", "holds the row"),
        (b"3,100\n", "holds the row"),
        (b"3,1_00,50.75,1\n", "holds the row"),
        (b"3,100,1e300,1\n", "holds the row"),
        (b"3,100,900,1\n", "jumps 850 m"),
    ],
)
def test_nonsense_spoils_its_line_and_no_other(row, words):
    good = GOOD.replace(b"3,100", b"4,101")
    found = cut(GOOD + row + good)
    assert isinstance(found[0], Refused)
    assert found[0].label == "line 3"
    assert words in found[0].sentence
    assert found[1].label == "line 4"


@pytest.mark.parametrize(
    "row", [b"\xff\xfe\x00\x01\n", b"x" * 2000, b"minus,1,2,3\n", b"-5,1,2,3\n", b"1.5,1,2,3\n"]
)
def test_rows_that_belong_to_no_line_are_refused(row):
    found = cut(row)
    assert [item.label for item in found] == ["a row"]
    assert found[0].sentence.startswith("holds")


def test_a_line_that_does_not_move_is_refused():
    assert "1 place" in cut(b"1,5,5,1\n1,5,5,2\nend\n")[0].sentence


def test_no_bytes_make_it_fail():
    for text in mutants(GOOD + GOOD.replace(b"3,100", b"4,101"), 200, seed=3):
        for item in cut(text):
            assert isinstance(item, Piece | Refused)
            if isinstance(item, Piece):
                found = np.loadtxt(io.BytesIO(item.data), delimiter=",", skiprows=1, ndmin=2)
                assert np.isfinite(found[:, :2]).all()
