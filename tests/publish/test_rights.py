import datetime as dt

import pytest

from vestige.archive import Archive, search
from vestige.archive.embargo import hidden_counts, object_is_public
from vestige.publish.rights import Reader, may_see, rights_of

TODAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("words", "uri", "is_open"),
    [
        ("CC0", "http://creativecommons.org/publicdomain/zero/1.0/", True),
        ("Foto: Museum, CC BY-NC-SA 3.0", "http://creativecommons.org/licenses/by-nc-sa/3.0/", True),
        ("cc-by-4.0", "http://creativecommons.org/licenses/by/4.0/", True),
        (
            "https://creativecommons.org/licenses/by-sa/4.0/deed.de",
            "http://creativecommons.org/licenses/by-sa/4.0/",
            True,
        ),
        ("gemeinfrei", "http://creativecommons.org/publicdomain/mark/1.0/", True),
        (
            "https://rightsstatements.org/page/NoC-NC/1.0/",
            "http://rightsstatements.org/vocab/NoC-NC/1.0/",
            True,
        ),
        ("http://rightsstatements.org/vocab/InC/1.0/", "http://rightsstatements.org/vocab/InC/1.0/", False),
        ("All rights reserved", "", False),
        ("not CC BY, ask us", "", False),
        ("This is not in the public domain", "", False),
        ("nicht gemeinfrei", "", False),
        ("", "", False),
    ],
)
def test_words_of_rights(words, uri, is_open):
    found = rights_of(words)
    assert (found.uri, found.open) == (uri, is_open)


def test_nothing_is_public_because_nobody_said_anything():
    seen = {reader: may_see({"rights": "", "embargo": None}, reader, TODAY) for reader in Reader}
    assert seen == {Reader.STRANGER: False, Reader.VISITOR: True, Reader.STAFF: True}


@pytest.mark.parametrize(("until", "seen"), [("2026-11-24", False), ("2026-11-23", True), (None, True)])
def test_an_embargo_ends_on_its_day(until, seen):
    thing = {"rights": "CC BY 4.0", "embargo": until}
    assert may_see(thing, Reader.STRANGER, TODAY) is seen
    assert may_see(thing, Reader.VISITOR, TODAY) is seen
    assert may_see(thing, Reader.STAFF, TODAY)


@pytest.mark.parametrize("until", ["2026-11-24", "2026-11-23", "2026-11-22", None])
def test_the_catalogue_hides_what_may_not_be_seen(tmp_path, until):
    with Archive.make(tmp_path / "museum") as archive:
        archive.describe("MS 42", {"embargo": until})
        thing = search.find(archive.engine, "MS 42")
        seen = may_see(thing, Reader.VISITOR, TODAY)
        assert object_is_public(archive.engine, thing["id"], TODAY) is seen
        assert hidden_counts(archive.engine, TODAY)[""].total() == (not seen)
