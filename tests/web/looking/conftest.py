"""The folder of every kind, served to a real browser whose console must stay silent."""

import pytest

from vestige.web import create_app
from vestige.web.shelf import Scanner


@pytest.fixture(scope="session")
def key(original):
    return next(iter(Scanner(original).scan().results))


@pytest.fixture(scope="session")
def capture_key(original):
    return next(iter(Scanner(original).scan().captures))


@pytest.fixture(scope="package")
def home(original, served):
    with served(create_app(original)) as address:
        yield address


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
