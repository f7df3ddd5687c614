import pytest

from vestige.errors import UsageError
from vestige.publish.iiif.images import canonical_of, facts
from vestige.publish.iiif.wishes import MOST_PIXELS, MOST_SIDE, Unsupported, wish

WHOLE = (6000, 4000)


def asked(region="full", size="max", rotation="0", last="default.jpg", version=3):
    return wish(version, WHOLE, region, size, rotation, last)


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("full", (0, 0, 6000, 4000)),
        ("square", (1000, 0, 4000, 4000)),
        ("10,20,30,40", (10, 20, 30, 40)),
        ("5990,3990,100,100", (5990, 3990, 10, 10)),
        ("pct:50,25,50,50", (3000, 1000, 3000, 2000)),
        ("pct:41.6,7.5,40,70", (2496, 300, 2400, 2800)),
    ],
)
def test_regions(region, box):
    assert asked(region, "1,1").box == box


@pytest.mark.parametrize(
    ("size", "version", "wanted"),
    [
        ("600,", 3, (600, 400)),
        (",400", 3, (600, 400)),
        ("pct:10", 3, (600, 400)),
        ("600,100", 3, (600, 100)),
        ("!500,500", 3, (500, 333)),
        ("^!9000,9000", 3, None),
        ("^6600,", 3, None),
        ("6600,", 2, None),
        ("full", 2, (5477, 3651)),
        ("max", 3, (5477, 3651)),
    ],
)
def test_sizes(size, version, wanted):
    if wanted is None:
        with pytest.raises(UsageError, match="more than"):
            asked(size=size, version=version)
    else:
        assert asked(size=size, version=version).size == wanted


def test_no_answer_is_larger_than_its_bounds():
    made = asked("0,0,100,100", f"^{MOST_SIDE},1000").size
    assert made[0] * made[1] <= MOST_PIXELS
    for size in (f"^{MOST_SIDE + 1},1", "^99999,99999"):
        with pytest.raises(UsageError):
            asked("0,0,100,100", size)


def test_enlarging_is_asked_for_in_version_3():
    assert asked("0,0,100,100", "^200,").size == (200, 200)
    assert asked("0,0,100,100", "200,", version=2).size == (200, 200)
    with pytest.raises(UsageError, match="larger than the region"):
        asked("0,0,100,100", "200,")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *[
            ("region", text)
            for text in ("", "0,0,0,5", "6000,0,1,1", "1,2,3", "a,b,c,d", "pct:0,0,0,5", "-1,0,5,5")
        ],
        *[("region", text) for text in ("1.5,0,5,5", "٣,0,5,5", "full ", "9" * 40 + ",0,1,1")],
        *[
            ("size", text)
            for text in ("", ",", "0,", "0,0", "pct:0", "!5,", "full", "max,", "1e3,", "^", "pct:nan")
        ],
        *[("rotation", text) for text in ("", "-90", "361", "!", "90!", "nan", "1e2")],
        *[("last", text) for text in ("", "jpg", "native.jpg", "default.", "default.bmp", "default.JPG")],
    ],
)
def test_what_is_no_request(part, value):
    with pytest.raises(UsageError) as caught:
        asked(**{part: value})
    assert not isinstance(caught.value, Unsupported)


@pytest.mark.parametrize(
    ("part", "value"), [("rotation", "22.5"), ("last", "default.tif"), ("last", "gray.gif")]
)
def test_what_is_known_and_not_made(part, value):
    with pytest.raises(Unsupported):
        asked(**{part: value})


def test_one_address_for_what_means_the_same():
    small = (600, 400)
    same = [("full", "max"), ("0,0,600,400", "600,400"), ("pct:0,0,100,100", "pct:100")]
    made = {canonical_of(wish(3, small, *parts, "0", "default.jpg"), small, 3) for parts in same}
    assert made == {"full/max/0/default.jpg"}
    assert (
        canonical_of(wish(2, small, "full", "300,", "!360", "gray.png"), small, 2) == "full/300,/!0/gray.png"
    )
    assert canonical_of(wish(2, small, "0,0,50,50", "100,", "0", "default.jpg"), small, 2) == (
        "0,0,50,50/100,/0/default.jpg"
    )


def test_facts_of_both_versions():
    third, second = facts((1000, 600), 3, "http://x/3/a", "http://y/"), facts((1000, 600), 2, "http://x/2/a")
    assert (third["id"], third["type"], third["profile"]) == ("http://x/3/a", "ImageService3", "level2")
    assert third["sizes"] == [{"width": 500, "height": 300}, {"width": 1000, "height": 600}]
    assert third["rights"] == "http://y/"
    assert second["@id"] == "http://x/2/a"
    assert second["profile"][0] == "http://iiif.io/api/image/2/level2.json"
    assert "id" not in second
