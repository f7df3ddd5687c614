"""Every route under nonsense: no server error, nothing from outside its folder; slow and huge are refused."""

import http.client
import socket
import struct
import time
import zlib
from urllib.parse import quote, urlencode, urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vestige.archive import Archive, add
from vestige.capture import Capture, Frame, save
from vestige.web import create_app, patience
from vestige.web.operating.shooter import Pile
from vestige.web.shelf import Scanner

HOME = "http://127.0.0.1"
NASTY = (
    "", "0", "1", "-1", "999999999999999999999", "1e400", "nan", "true", "../../../../etc/passwd", "..", ".",
    "%2e%2e%2f", "..%c0%af", "\\..\\..\\windows", "\x00", "a\x00.png", "'", "' OR 1=1 --", "<script>alert(1)</script>",
    "{{7*7}}", "${7*7}", "\u202e", "\U0001f99a", "\ud7ff", "𝟙", "٣", "a" * 3000, "/", "//", "file:///etc/passwd",
    "http://169.254.169.254/", "\r\nSet-Cookie: a=b", "NULL", "[]", "{}", "*", '"', "%", "_", "- -", "(((", "col:", "NEAR/0",
)  # fmt: skip
VALUES = st.sampled_from(NASTY) | st.text(max_size=40)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/json",
        "application/octet-stream",
        "multipart/form-data",
        "",
        "x",
    ]
)


def asked(dependant):
    """The names of the query parameters of a route and of what it depends on."""
    names = {field.alias for field in dependant.query_params}
    return names.union(*(asked(part) for part in dependant.dependencies))


def routes(app):
    """Method, path, names of parameters."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        for method in sorted(route.methods or ()) if dependant else ():
            yield method, route.path, tuple(sorted(asked(dependant)))


@pytest.fixture(scope="module")
def houses(original, tmp_path_factory):
    """The page of a folder and the workbench of an archive; their streams end at once."""
    home = tmp_path_factory.mktemp("fuzz")
    with Archive.make(home / "museum") as archive:
        add(archive, original / "captures" / "coin", {"identifier": "ANT 7"})
    apps = [create_app(original), create_app(home / "museum", scanner=Pile(original / "captures/coin"))]
    clients = []
    for app in apps:
        app.state.stopping = lambda: True
        client = TestClient(app, base_url=HOME, follow_redirects=False, raise_server_exceptions=False)
        text = client.get("/").text
        client.headers["x-csrf"] = text.split('name="csrf" content="')[1].split('"')[0]
        shelf = app.state.scanner.scan()
        clients.append((client, sorted(set(routes(app))), [*shelf.captures, *shelf.results, "coin"]))
    return clients


@settings(max_examples=220, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_route_fails_whatever_comes(houses, data):
    client, known, keys = data.draw(st.sampled_from(houses))
    method, path, names = data.draw(st.sampled_from(known))
    values = VALUES | st.sampled_from(keys)
    parts = [
        quote(data.draw(values), safe="") or "0" if part.startswith("{") else part for part in path.split("/")
    ]
    query = urlencode([(name, data.draw(values)) for name in names if data.draw(st.booleans())])
    body, headers = b"", {}
    if method != "GET":
        headers = {"content-type": data.draw(KINDS)}
        fields = data.draw(st.dictionaries(VALUES | st.sampled_from(FIELDS), values, max_size=6))
        body = urlencode(fields).encode() if data.draw(st.booleans()) else data.draw(st.binary(max_size=200))
    answer = client.request(
        method, "/".join(parts) + (f"?{query}" if query else ""), content=body, headers=headers
    )
    assert answer.status_code < 500, (method, answer.request.url, body, headers, answer.text[:300])


FIELDS = (
    "name",
    "role",
    "password",
    "identifier",
    "step",
    "back",
    "title",
    "old",
    "new",
    "again",
    "csrf",
    "capture",
)


def test_each_route_is_asked_with_each_nasty_value(houses):
    for client, known, _keys in houses:
        for method, path, names in known:
            for nasty in NASTY[3:16]:
                parts = [
                    (quote(nasty, safe="") or "0") if part.startswith("{") else part
                    for part in path.split("/")
                ]
                query = urlencode(dict.fromkeys(names, nasty))
                answer = client.request(method, "/".join(parts) + f"?{query}")
                assert answer.status_code < 500, (method, answer.request.url, answer.text[:300])
                assert "root:x:0" not in answer.text


@pytest.fixture(scope="module")
def address(original, served):
    """A server as `serve` starts it, whose patience is short."""
    before, patience.HEAD_SECONDS = patience.HEAD_SECONDS, 0.6
    app = create_app(original)
    with served(app, http=patience.PatientProtocol, log_level="critical") as home:
        yield "127.0.0.1", urlsplit(home).port
    patience.HEAD_SECONDS = before


@pytest.mark.parametrize(
    "path",
    [
        "/static/../security.py",
        "/static/%2e%2e/security.py",
        "/static/..%2fsecurity.py",
        "/static/css/../../views.py",
        "/static//etc/passwd",
        "/file/../../../etc/passwd",
        "/..%5c..%5cetc/passwd",
        "//etc/passwd",
        "/static/%00",
    ],
)
def test_no_way_leads_out_of_a_folder(address, path):
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status in (400, 404)
    text = answer.read()
    assert b"root:" not in text
    assert b"import" not in text
    connection.close()


def test_a_head_that_never_ends_is_cut_off(address):
    with socket.create_connection(address, timeout=20) as caller:
        start = time.monotonic()
        caller.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        while time.monotonic() - start < 15:
            try:
                caller.sendall(b"X-Slow: 1\r\n")
                time.sleep(0.2)
            except OSError:
                break
        assert time.monotonic() - start < 10


def test_a_head_that_is_huge_is_refused(address):
    with socket.create_connection(address, timeout=20) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: " + b"a" * 200_000 + b"\r\n\r\n")
        assert caller.recv(200).startswith((b"HTTP/1.1 4", b""))


def test_a_body_that_is_huge_or_slow_is_refused(houses, monkeypatch):
    client = houses[1][0]
    answer = client.post(
        "/accounts",
        content=b"name=" + b"x" * (2 << 20),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413
    lying = client.post(
        "/accounts",
        content=iter([b"x" * 65536] * 40),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert lying.status_code == 413


def _png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def test_a_picture_that_blows_up_is_refused(tmp_path):
    folder = tmp_path / "bomb"
    folder.mkdir()
    (folder / "a.png").write_bytes(_png(60_000, 60_000, b"\x00" * 40_000_000))
    save(Capture(frames=[Frame(file="a.png")]), folder)
    client = TestClient(create_app(tmp_path), base_url=HOME)
    key = next(iter(Scanner(tmp_path).scan().captures))
    answer = client.get(f"/frame/{key}/0")
    assert 400 <= answer.status_code < 510
    assert answer.status_code != 500
    assert str(tmp_path) not in answer.text
    assert client.get(f"/frame/{key}/0?side=320").headers["content-type"].startswith("image/svg")
