"""The pages that people explore the service with, in a real browser that reaches nothing but the service."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
SCREENSHOTS = Path("build/screenshots")
BADGE = "redoc/logo-mini.svg"
"""The logo of ReDoc's maker, which ReDoc asks for and does without."""
LIST, RETRIEVE, ACCEPT, REJECT = (
    f"operations-booking-resources-booking_resources_{name}" for name in ("list", "retrieve", "accept", "reject")
)
FREE, KEEP_FREE, REQUEST, TERMINATE = (
    "operations-extensions-booking_offerings_free_list",
    "operations-extensions-booking_offerings_busy_slots_create",
    "operations-marketplace-orders-marketplace_orders_create",
    "operations-marketplace-resources-marketplace_resources_terminate",
)

NEEDED = "needs Chromium and its driver (Debian: apt install chromium chromium-driver)"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.no_cover,  # the service runs in another process
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=NEEDED),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a running demo, and the token of its staff."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "BOOKING_DATA_DIR": str(tmp_path_factory.mktemp("demo"))}
    command = [sys.executable, "-m", "app", "demo", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = ""
        while "Press Ctrl+C" not in printed:
            line = process.stdout.readline()
            assert line, f"the demo ended early: {printed}"
            printed += line
        token = re.search(r"^  staff +(\w+)", printed, re.MULTILINE)
        assert token
        yield f"http://127.0.0.1:{port}", token[1]
        process.terminate()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("chromium")
    for argument in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--window-size=1400,1600", NO_NETWORK),
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options, webdriver.ChromeService(executable_path=str(DRIVER)))
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    yield opened
    opened.quit()


def when_there(browser: webdriver.Chrome, selector: str) -> WebElement:
    found = expected_conditions.element_to_be_clickable((By.CSS_SELECTOR, selector))
    element: WebElement = WebDriverWait(browser, 20).until(found)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    return element


def execute(browser: webdriver.Chrome, operation: str) -> str:
    """Opens an operation, presses Execute with what is filled in, and returns the status shown."""
    if not browser.find_elements(By.CSS_SELECTOR, f"#{operation} button.execute"):
        when_there(browser, f"#{operation} .opblock-summary-control").click()
    when_there(browser, f"#{operation} button.execute").click()
    return when_there(browser, f"#{operation} .live-responses-table tbody .response-col_status").text.split()[0]


def test_swagger_ui_tries_operations_out_with_a_pasted_token(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    address, token = demo
    browser.get(f"{address}/docs")
    when_there(browser, "button.authorize").click()
    when_there(browser, "#auth-bearer-value, .auth-container input").send_keys(token)
    when_there(browser, ".auth-btn-wrapper button.authorize").click()
    when_there(browser, ".auth-btn-wrapper button.btn-done").click()
    statuses = [execute(browser, operation) for operation in (LIST, RETRIEVE, ACCEPT, REJECT)]
    browser.save_screenshot(str(SCREENSHOTS / "swagger-ui.png"))
    assert statuses == ["200"] * 4


def test_swagger_ui_asks_for_a_booking_as_filled_in(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
    browser.get(f"{demo[0]}/docs")
    statuses = [execute(browser, operation) for operation in (FREE, REQUEST, REQUEST, KEEP_FREE, TERMINATE)]
    browser.save_screenshot(str(SCREENSHOTS / "swagger-ui-request.png"))
    assert statuses == ["200", "201", "201", "201", "200"], "the second request is a retry: it has the same key"


def test_swagger_ui_remembers_the_token(browser: webdriver.Chrome, demo: tuple[str, str]) -> None:
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
        assert [name for name in loaded if not name.startswith((demo[0], "data:", "blob:")) and BADGE not in name] == []
        told = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
        assert [message for message in told if BADGE not in message] == []
