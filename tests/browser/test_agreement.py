"""Whoever decides for the consumer agrees to requests on the calendar page, or declines them."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import IN_A_BROWSER
from tests.browser.page import CONFOCAL, AsColleague, Colleague, Page, next_week
from tests.browser.test_calendar_quality import barriers

pytestmark = IN_A_BROWSER
HEADING = "//section[h2[@id='agreeing']]"


def order_of(colleague: Colleague, booking: str) -> tuple[str, str]:
    """The UUID and the state of the order that asked for a booking."""
    [found] = colleague.get("marketplace-orders/", resource_uuid=booking)
    return str(found["uuid"]), str(found["state"])


def asked(page: Page, name: str) -> bool:
    xpath = f"{HEADING}//button[contains(., '{name}')]"
    return bool(page.browser.find_elements(By.XPATH, xpath))


def test_consumer_agrees_to_a_request(page: Page, colleague: AsColleague) -> None:
    booking = colleague("creator").request("Royal jelly", next_week(6, 1), agree=False)
    assert order_of(colleague("creator"), booking)[1] == "pending-consumer"
    page.enter("consumer-owner")
    told = page.open_waiting("Royal jelly").text
    assert f"{next_week(6, 1):%a %-d %b}, 06:00–07:00" in told
    assert "Zoë Nakamura, Bee connectome, Institute for Pollinator Research" in told
    page.after(lambda: page.press("Agree", "dialog"))
    assert "Agreed to: Royal jelly. The provider decides next." in page.told()
    assert not asked(page, "Royal jelly")
    assert order_of(colleague("creator"), booking)[1] == "executing"
    page.enter("provider-owner")
    page.waits("Royal jelly")


def test_consumer_declines_a_request(page: Page, colleague: AsColleague) -> None:
    booking = colleague("creator").request("Beeswax", next_week(6, 2), agree=False)
    page.enter("consumer-owner")
    page.open_waiting("Beeswax")
    page.after(lambda: page.press("Decline", "dialog"))
    assert "Declined: Beeswax." in page.told()
    assert not asked(page, "Beeswax")
    assert order_of(colleague("creator"), booking)[1] == "rejected"
    assert colleague("staff").state(booking) == "Terminated"


def test_what_waits_shows_and_goes_within_seconds(page: Page, colleague: AsColleague) -> None:
    page.enter("consumer-owner")
    booking = colleague("creator").request("Brood cells", next_week(6, 3), agree=False)
    WebDriverWait(page.browser, 8).until(lambda _: asked(page, "Brood cells"))
    order, _ = order_of(colleague("creator"), booking)
    colleague("consumer-owner").post(f"marketplace-orders/{order}/approve_by_consumer/")
    WebDriverWait(page.browser, 8).until(lambda _: not asked(page, "Brood cells"))


def test_what_a_colleague_decided_meanwhile_is_told(page: Page, colleague: AsColleague) -> None:
    booking = colleague("creator").request("Drone congregation", next_week(6, 4), agree=False)
    page.enter("consumer-owner")
    page.open_waiting("Drone congregation")
    order, _ = order_of(colleague("creator"), booking)
    colleague("consumer-owner").post(f"marketplace-orders/{order}/reject_by_consumer/")
    page.after(lambda: page.press("Agree", "dialog"))
    assert "Nothing was done: somebody has decided on “Drone congregation” meanwhile." in page.told()
    page.closed()
    assert colleague("staff").state(booking) == "Terminated"


@pytest.mark.parametrize("role", ["creator", "provider-owner"])
def test_nobody_else_is_asked(page: Page, colleague: AsColleague, role: str) -> None:
    colleague("creator").request(f"Propolis {role}", next_week(4, 5 if role == "creator" else 6), agree=False)
    page.enter(role, mode="book").only(CONFOCAL)
    assert [each.is_displayed() for each in page.browser.find_elements(By.XPATH, HEADING)] == [False]


def test_request_that_waits_is_accessible(page: Page, colleague: AsColleague) -> None:
    colleague("creator").request("Waggle run", next_week(6, 6), agree=False)
    page.enter("consumer-owner")
    assert barriers(page, "agreeing") == []
    page.open_waiting("Waggle run")
    assert barriers(page, "agreement") == []
