"""The calendar page, as somebody uses it in a browser; and the API beside it, as a colleague does."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

import httpx
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.driving import Demo, when_there

CONFOCAL = "Confocal microscope"
HALF_HOUR = 22
"""Pixels of the calendar."""


def next_week(hour: int, weekday: int = 2) -> datetime:
    """An hour of next week, in UTC; Wednesday if nothing else is said."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 - today.weekday() + weekday, hours=hour)


def text_of(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


WRONG = """
const wrong = [...document.querySelectorAll(".offerings li")]
    .find(row => row.textContent.startsWith(arguments[0]) !== row.firstChild.checked)?.firstChild;
return wrong"""
"""A box that is not as it should be, if that offering alone is to be chosen. Lists are drawn anew at any time."""


class Colleague:
    """Somebody who uses the API."""

    def __init__(self, demo: Demo, role: str) -> None:
        headers = {"Authorization": f"Token {demo.tokens[role]}"}
        self.client = httpx.Client(base_url=f"{demo.address}/api/", headers=headers, timeout=30)

    def get(self, path: str, **query: str) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body)
        while (answer := self.client.post(path, content=content)).status_code == 503:
            time.sleep(0.2)  # many at once
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    @cache  # noqa: B019 - lives as long as its test
    def offering(self, name: str = CONFOCAL) -> dict[str, Any]:
        [found] = self.get("marketplace-public-offerings/", name_exact=name)
        return dict(found)

    @cache  # noqa: B019
    def project(self) -> str:
        [found] = self.get("projects/", slug="bee-connectome")
        return str(found["url"])

    def request(
        self, name: str, start: datetime, hours: float = 1, offering: str = CONFOCAL, *, agree: bool = True
    ) -> str:
        """Asks for a period, and agrees to it if that is needed; the UUID of the booking."""
        slot = {"start": text_of(start), "end": text_of(start + timedelta(hours=hours))}
        found = self.offering(offering)
        attributes = {"name": name, "schedules": [slot]}
        body = {"offering": found["url"], "project": self.project(), "attributes": attributes}
        body["accepting_terms_of_service"] = True
        if found["plans"]:
            body["plan"] = found["plans"][0]["url"]
        placed = self.post("marketplace-orders/", body)
        if agree and placed["state"] == "pending-consumer":
            self.post(f"marketplace-orders/{placed['uuid']}/approve_by_consumer/")
        return str(placed["marketplace_resource_uuid"])

    def state(self, booking: str) -> str:
        return str(self.get(f"booking-resources/{booking}/", field="state")["state"])


AsColleague: TypeAlias = Callable[[str], Colleague]
"""Makes somebody of a role."""


@dataclass
class Page:
    """The calendar page in a browser."""

    browser: webdriver.Chrome
    demo: Demo

    def enter(self, role: str, **remembered: object) -> "Page":
        """Signs in, in a tab that remembers so much already: `shape`, `mode`, ..."""
        self.browser.get(self.demo.address)
        items = {name.replace("_", "."): json.dumps(value) for name, value in remembered.items()}
        items["token"] = self.demo.tokens[role]
        put = "sessionStorage.clear(); for (const [name, value] of Object.entries(arguments[0])) "
        self.browser.execute_script(put + "sessionStorage.setItem(`booking.${name}`, value)", items)
        self.browser.get(f"{self.demo.address}/calendar")
        when_there(self.browser, ".calendar .ec-main")
        return self.settled()

    def settled(self, seconds: float = 20) -> "Page":
        """Waits until what is shown has been drawn."""
        WebDriverWait(self.browser, seconds).until(
            lambda browser: browser.execute_script("return Number(document.body.dataset.drawn ?? 0) > 0")
        )
        return self

    def after(self, act: Any) -> "Page":
        """Does something, and waits until the calendar has been drawn anew."""
        drawn = self.browser.execute_script("return Number(document.body.dataset.drawn ?? 0)")
        act()
        WebDriverWait(self.browser, 20).until(
            lambda browser: browser.execute_script("return Number(document.body.dataset.drawn ?? 0)") > drawn
        )
        return self

    def button(self, name: str, within: str = "body") -> WebElement:
        """The button with that name, once it is there."""
        found: WebElement = WebDriverWait(self.browser, 20).until(lambda _: self._button(name, within))  # type: ignore[assignment]
        return found

    def _button(self, name: str, within: str) -> WebElement | None:
        found: WebElement | None = self.browser.execute_script(
            """return [...document.querySelectorAll(`${arguments[1]} button`)].find(each => each.offsetParent !== null
                && [each.textContent.trim(), each.getAttribute("aria-label")].includes(arguments[0]))""",
            name,
            within,
        )
        return found

    def press(self, name: str, within: str = "body") -> None:
        """Presses the button, again if it was drawn anew just then."""

        def pressed(_: object) -> bool:
            self.button(name, within).click()
            return True

        WebDriverWait(self.browser, 20, ignored_exceptions=[StaleElementReferenceException]).until(pressed)

    def seek(self, text: str) -> None:
        """Searches for offerings."""
        search = when_there(self.browser, "#search")
        search.send_keys(Keys.CONTROL, "a")
        search.send_keys(Keys.BACKSPACE, text)

    def only(self, offering: str) -> "Page":
        """Chooses one offering alone, by searching for it."""
        self.seek(offering)
        label = f"//ul[@class='offerings']//label[starts-with(., '{offering}')]"
        WebDriverWait(self.browser, 20).until(lambda browser: browser.find_elements(By.XPATH, label))
        while self.browser.execute_script(WRONG, offering):
            self.after(lambda: self.browser.execute_script(WRONG.replace("return wrong", "wrong.click()"), offering))
        return self

    def next_week(self, weeks: int = 1) -> "Page":
        for _ in range(weeks):
            self.after(lambda: self.press("Later"))
        return self

    def event(self, text: str, look: str = "") -> WebElement:
        """What the calendar shows with that text, once it does."""
        found: WebElement = WebDriverWait(self.browser, 20).until(lambda _: self.find(text, look))  # type: ignore[assignment]
        return found

    def find(self, text: str, look: str = "") -> WebElement | None:
        found: WebElement | None = self.browser.execute_script(
            """return [...document.querySelectorAll(`.calendar .ec-event${arguments[1]}`)]
                .find(each => each.textContent.includes(arguments[0]))""",
            text,
            look,
        )
        return found

    def gone(self, text: str) -> None:
        """Waits until the calendar no longer shows it."""
        WebDriverWait(self.browser, 20).until(lambda _: self.find(text) is None)

    def open(self, text: str) -> WebElement:
        """Opens what the calendar shows with that text; the dialog."""
        for attempt in range(5):
            try:
                event = self.event(text)
                self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", event)
                event.click()
                break
            except StaleElementReferenceException:  # drawn anew meanwhile
                assert attempt < 4
        return self.dialog()

    def open_waiting(self, text: str) -> WebElement:
        """Opens what waits with that text; the dialog."""
        self.waits(text)
        row = "[...document.querySelectorAll('.bookings button')].find(each => each.textContent.includes(arguments[0]))"
        self.browser.execute_script(f"{row}.click()", text)
        return self.dialog()

    def waits(self, text: str) -> WebElement:
        """What the list beside the calendar has with that text, once it does."""
        xpath = f"//ol[@class='bookings']//button[contains(., '{text}')]"
        return WebDriverWait(self.browser, 20).until(lambda browser: browser.find_element(By.XPATH, xpath))

    def dialog(self) -> WebElement:
        return when_there(self.browser, "dialog[open]")

    def closed(self) -> None:
        """Waits until no dialog is open."""
        WebDriverWait(self.browser, 20).until(
            lambda browser: not browser.find_elements(By.CSS_SELECTOR, "dialog[open]")
        )

    def problem(self) -> str:
        """What the dialog says went wrong."""
        return when_there(self.browser, "dialog[open] .problem:not(:empty)").text

    def control(self, label: str) -> WebElement:
        """The control of the open dialog with that label."""
        [found] = self.browser.find_elements(By.XPATH, f"//dialog//label[.='{label}']")
        return self.browser.find_element(By.ID, str(found.get_attribute("for")))

    def set(self, label: str, value: str) -> None:
        """Fills a control of the open dialog in."""
        control = self.control(label)
        if control.tag_name == "select":
            Select(control).select_by_visible_text(value)
        elif control.get_attribute("type") == "datetime-local":
            self.browser.execute_script("arguments[0].value = arguments[1]", control, value)
        else:
            control.clear()
            control.send_keys(value)

    def drag(self, weekday: int, start: float, hours: float) -> WebElement:
        """Drags over a time of the day, in the week that is shown; the dialog that opens."""
        main = self.browser.find_element(By.CSS_SELECTOR, ".calendar .ec-main")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'end'})", main)
        self.browser.execute_script("arguments[0].scrollTop = arguments[1]", main, (start - 2) * 2 * HALF_HOUR)
        day = self.browser.find_elements(By.CSS_SELECTOR, ".calendar .ec-body .ec-day")[weekday]
        box = day.rect
        top = self.browser.execute_script("return arguments[0].getBoundingClientRect().top", day)
        left = self.browser.execute_script("return arguments[0].getBoundingClientRect().left", day)
        x, y = int(left + box["width"] / 2), int(top + start * 2 * HALF_HOUR + 3)
        actions = ActionChains(self.browser, duration=50)
        pointer: Any = actions.w3c_actions.pointer_action
        pointer.move_to_location(x, y)
        pointer.pointer_down()
        for step in (0.3, 0.7, 1):
            pointer.move_to_location(x, int(y + step * (hours * 2 * HALF_HOUR - 8)))
        pointer.pointer_up()
        actions.perform()
        return self.dialog()

    def told(self) -> str:
        """What the page has just said at its edge."""
        return when_there(self.browser, ".notice").text
