"""The folder of every kind, served to a real browser whose console must stay silent."""

import socket
import threading
import time

import pytest
import uvicorn

from vestige.web import create_app
from vestige.web.shelf import Scanner


@pytest.fixture(scope="session")
def key(original):
    return next(iter(Scanner(original).scan().results))


@pytest.fixture(scope="session")
def capture_key(original):
    return next(iter(Scanner(original).scan().captures))


@pytest.fixture(scope="package")
def home(original):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    app = create_app(original)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    app.state.stopping = lambda: server.should_exit
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def tab(browser):
    context = browser.new_context(
        viewport={"width": 1100, "height": 800},
        locale="en-GB",
        accept_downloads=True,
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    said = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "response",
        lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    yield page
    context.close()
    assert [text for text in said if "GPU stall" not in text] == []
