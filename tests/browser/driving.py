"""A demo of the service, and browsers that reach nothing but it."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
IN_A_BROWSER = [
    pytest.mark.slow,
    pytest.mark.no_cover,  # the service runs in another process
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="needs Chromium and its driver (Debian: apt install chromium chromium-driver)",
    ),
]
"""Marks of tests that drive a browser."""
SCREENSHOTS = Path("build/screenshots")


@dataclass(frozen=True)
class Demo:
    """A running demo: its address, the tokens by role, and all that it printed."""

    address: str
    tokens: dict[str, str]
    printed: str


@contextmanager
def running_demo(data: Path) -> Iterator[Demo]:
    """The demo on a port of its own, with its data in that directory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "demo", "--port", str(port)]
    environment = {**os.environ, "BOOKING_DATA_DIR": str(data)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = ""
        while "Press Ctrl+C" not in printed:
            line = process.stdout.readline()
            assert line, f"the demo ended early: {printed}"
            printed += line
        tokens = dict(re.findall(r"^  ([\w-]+) +(\w{20,})", printed, re.MULTILINE))
        yield Demo(f"http://127.0.0.1:{port}", tokens, printed)
        process.terminate()


def open_browser(profile: Path, width: int = 1400, height: int = 1600) -> webdriver.Chrome:
    """A headless Chromium without network, except to this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", f"--window-size={width},{height}"),
        *(NO_NETWORK, f"--user-data-dir={profile}"),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options, webdriver.ChromeService(executable_path=str(DRIVER)))
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return opened


def when_there(browser: webdriver.Chrome, selector: str) -> WebElement:
    """The element, once it is there and can be clicked, scrolled to."""
    found = expected_conditions.element_to_be_clickable((By.CSS_SELECTOR, selector))
    element: WebElement = WebDriverWait(browser, 20).until(found)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    return element
