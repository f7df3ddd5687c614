"""Scripts and styles come packed, other files as they are, and what has not changed is not sent again."""

import gzip

from vestige.web.views import static_folder


def test_scripts_come_packed_where_the_browser_takes_it(client):
    plain = (static_folder() / "js/page.js").read_bytes()
    packed = client.get("/static/js/page.js", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain, 9, mtime=0))
    other = client.get("/static/js/page.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in other.headers
    assert other.content == plain
    assert packed.headers["vary"] == other.headers["vary"] == "Accept-Encoding"


def test_what_has_not_changed_is_not_sent_again(client):
    for accepted in ("gzip", "identity"):
        ask = {"accept-encoding": accepted}
        tag = client.get("/static/css/vestige.css", headers=ask).headers["etag"]
        assert client.get("/static/css/vestige.css", headers=ask | {"if-none-match": tag}).status_code == 304


def test_fonts_and_parts_of_files_stay_as_they_are(client):
    font = client.get("/static/vendor/inter.woff2", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in font.headers
    part = client.get("/static/js/page.js", headers={"accept-encoding": "gzip", "range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
