"""The pages that people explore the service with, in a real browser that reaches nothing but the service."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.browser.driving import IN_A_BROWSER, SCREENSHOTS, open_browser, running_demo, when_there

LIST, RETRIEVE, ACCEPT, REJECT = (
    f"operations-booking-resources-booking_resources_{name}" for name in ("list", "retrieve", "accept", "reject")
)
FREE, KEEP_FREE, REQUEST, TERMINATE = (
    "operations-extensions-booking_offerings_free_list",
    "operations-extensions-booking_offerings_busy_slots_create",
    "operations-marketplace-orders-marketplace_orders_create",
    "operations-marketplace-resources-marketplace_resources_terminate",
)

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a running demo, and the token of its staff."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running.address, running.tokens["staff"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    opened = open_browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.quit()


def execute(browser: webdriver.Chrome, operation: str) -> str:
    """Opens an operation, presses Execute with what is filled in, and returns the status shown."""
    if not browser.find_elements(By.CSS_SELECTOR, f"#{operation} button.execute"):
        when_there(browser, f"#{operation} .opblock-summary-control").click()
    when_there(browser, f"#{operation} button.execute").click()
    return when_there(browser, f"#{operation} .live-responses-table tbody .response-col_status").text.split()[0]


def authorise(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    """Opens Swagger UI and pastes the token, unless it has it from another test."""
    address, token = demo
    browser.get(f"{address}/docs")
    if "unlocked" not in str(when_there(browser, "button.authorize").get_attribute("class")).split():
        return
    when_there(browser, "button.authorize").click()
    when_there(browser, "#auth-bearer-value, .auth-container input").send_keys(token)
    when_there(browser, ".auth-btn-wrapper button.authorize").click()
    when_there(browser, ".auth-btn-wrapper button.btn-done").click()


def test_swagger_ui_tries_operations_out_with_a_pasted_token(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    authorise(browser, demo)
    statuses = [execute(browser, operation) for operation in (LIST, RETRIEVE, ACCEPT, REJECT)]
    browser.save_screenshot(str(SCREENSHOTS / "swagger-ui.png"))
    assert statuses == ["200"] * 4


def test_swagger_ui_asks_for_a_booking_as_filled_in(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    authorise(browser, demo)
    statuses = [execute(browser, operation) for operation in (FREE, REQUEST, REQUEST, KEEP_FREE, TERMINATE)]
    browser.save_screenshot(str(SCREENSHOTS / "swagger-ui-request.png"))
    assert statuses == ["200", "201", "201", "201", "200"], "the second request is a retry: it has the same key"


def test_swagger_ui_fills_in_members_and_size_of_a_list_and_finds_a_page(
    browser: webdriver.Chrome, demo: tuple[str, str]
) -> None:
    authorise(browser, demo)
    assert execute(browser, LIST) == "200"
    asked = urlsplit(when_there(browser, f"#{LIST} .request-url pre").text)
    assert parse_qs(asked.query) == {"field": ["uuid", "name", "state", "slots"], "page_size": ["10"]}
    shown = json.loads(when_there(browser, f"#{LIST} .live-responses-table .highlight-code code").text)
    assert [set(booking) for booking in shown] == [{"uuid", "name", "state", "slots"}] * 10


def test_swagger_ui_remembers_the_token(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    authorise(browser, demo)
    browser.get(f"{demo[0]}/docs")
    assert "unlocked" not in str(when_there(browser, "button.authorize").get_attribute("class")).split()
    assert execute(browser, LIST) == "200"


def test_redoc_shows_every_operation(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    browser.get(f"{demo[0]}/redoc")
    when_there(browser, "[id='tag/booking-resources']")
    browser.save_screenshot(str(SCREENSHOTS / "redoc.png"))
    assert "Accept a booking" in browser.find_element(By.TAG_NAME, "body").text


def test_pages_load_nothing_from_elsewhere(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    for page in ("docs", "redoc"):
        browser.get(f"{demo[0]}/{page}")
        when_there(browser, "#swagger-ui .opblock, [id='tag/booking-resources']")
        loaded = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
        assert [name for name in loaded if not name.startswith((demo[0], "data:", "blob:"))] == []
        assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]


def test_no_page_may_ask_for_anything_elsewhere(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    """What a page would be made to ask for, the browser refuses by the policy that came with the page."""
    for page in ("docs", "redoc"):
        browser.get(f"{demo[0]}/{page}")
        asked = """
            const done = arguments[0], told = [];
            document.addEventListener("securitypolicyviolation", event => told.push(event.effectiveDirective));
            const add = (kind, values) => document.body.append(Object.assign(document.createElement(kind), values));
            add("script", {textContent: "window.injected = true"});
            add("script", {src: "https://example.org/a.js"});
            add("img", {src: "https://example.org/a.png"});
            add("iframe", {src: "https://example.org/"});
            fetch("https://example.org/").catch(() => {});
            const end = Date.now() + 5000, look = () => new Set(told).size < 4 && Date.now() < end
                ? setTimeout(look, 50) : done([window.injected === undefined, [...new Set(told)].sort()]);
            look();
        """
        refused = ["connect-src", "frame-src", "img-src", "script-src-elem"]
        assert browser.execute_async_script(asked) == [True, refused], page
