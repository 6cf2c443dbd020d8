"""A demo, and browsers for those who use its calendar."""

from collections.abc import Callable, Iterator

import pytest
from selenium import webdriver

from tests.browser.driving import Demo, open_browser, running_demo
from tests.browser.page import Colleague, Page


@pytest.fixture(scope="module")
def calendar_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[webdriver.Chrome]]:
    """Two browsers that know nothing of each other."""
    opened = [open_browser(tmp_path_factory.mktemp("chromium"), height=1000) for _ in range(2)]
    yield opened
    for each in opened:
        each.quit()


@pytest.fixture
def page(browsers: list[webdriver.Chrome], calendar_demo: Demo) -> Page:
    return Page(browsers[0], calendar_demo)


@pytest.fixture
def other_page(browsers: list[webdriver.Chrome], calendar_demo: Demo) -> Page:
    """The page in another browser."""
    return Page(browsers[1], calendar_demo)


@pytest.fixture(scope="module")
def colleague(calendar_demo: Demo) -> Callable[[str], Colleague]:
    return lambda role: Colleague(calendar_demo, role)
