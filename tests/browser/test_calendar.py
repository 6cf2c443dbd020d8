"""The calendar page, used by a provider and by a consumer in real browsers that reach nothing but the service."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import IN_A_BROWSER, Demo, when_there
from tests.browser.page import CONFOCAL, AsColleague, Page, next_week, text_of

pytestmark = IN_A_BROWSER
LIGHT_SHEET = "Light-sheet microscope"


def test_link_of_the_demo_signs_in_and_leaves_no_token_behind(page: Page, calendar_demo: Demo) -> None:
    link = next(line.split()[1] for line in calendar_demo.printed.splitlines() if line.startswith("Calendar "))
    page.browser.get(link)
    assert when_there(page.browser, ".who span").text == "Ingrid Solheim"
    assert page.browser.current_url == f"{calendar_demo.address}/calendar"
    asked = page.browser.execute_script("return performance.getEntriesByType('resource').map(each => each.name)")
    token = link.partition("=")[2]
    assert [name for name in asked if token in name] == []
    assert page.browser.execute_script("return [document.cookie, localStorage.length]") == ["", 0]
    page.press("Sign out")
    assert when_there(page.browser, ".sign-in").is_displayed()
    assert page.browser.execute_script("return sessionStorage.length") == 0


def test_token_is_typed_in_and_a_bad_one_is_told(page: Page, calendar_demo: Demo) -> None:
    page.browser.get(f"{calendar_demo.address}/calendar")
    page.browser.execute_script("sessionStorage.clear()")
    page.browser.refresh()
    field = when_there(page.browser, ".sign-in input")
    field.send_keys("no such token", Keys.ENTER)
    assert when_there(page.browser, ".sign-in .problem:not(:empty)").text == "This token is not, or no longer, good."
    when_there(page.browser, ".sign-in input").send_keys(calendar_demo.tokens["creator"], Keys.ENTER)
    assert when_there(page.browser, ".who span").text == "Zoë Nakamura"


def test_start_page_leads_to_the_calendar(page: Page, calendar_demo: Demo) -> None:
    page.browser.get(calendar_demo.address)
    links = [str(link.get_attribute("href")) for link in page.browser.find_elements(By.TAG_NAME, "a")]
    assert links == [f"{calendar_demo.address}/{path}" for path in ("calendar", "docs", "redoc", "openapi.json")]


def test_provider_finds_sees_and_accepts(page: Page, colleague: AsColleague) -> None:
    booking = colleague("consumer-owner").request("Wing hinges", next_week(9))
    page.enter("provider-owner").only(CONFOCAL).next_week()
    event = page.event("Wing hinges", ".is-waiting")
    assert "Waiting" in str(event.get_attribute("textContent"))
    assert "waits" in page.waits("Wing hinges").text
    told = page.open("Wing hinges").text
    assert f"{next_week(9):%a %-d %b}, 09:00–10:00" in told
    assert "Collides with\nnothing" in told
    page.after(lambda: page.press("Accept", "dialog"))
    page.event("Wing hinges", ".is-accepted")
    assert colleague("staff").state(booking) == "OK"
    assert "Accepted: Wing hinges." in page.told()


def test_waiting_are_listed_oldest_first(page: Page, colleague: AsColleague) -> None:
    page.enter("provider-owner")
    listed = [
        str(row.get_attribute("data-booking"))
        for row in page.browser.find_elements(By.CSS_SELECTOR, ".bookings button")
    ]
    created = [colleague("staff").get(f"booking-resources/{uuid}/", field="created")["created"] for uuid in listed]
    assert len(created) > 3
    assert created == sorted(created)


def test_provider_rejects_with_a_reason(page: Page, colleague: AsColleague) -> None:
    booking = colleague("consumer-owner").request("Wax glands", next_week(11))
    page.enter("provider-owner")
    page.open_waiting("Wax glands")
    page.set("Reason, if you reject or end it", "The laser is being aligned.")
    page.after(lambda: page.press("Reject", "dialog"))
    assert colleague("staff").state(booking) == "Terminated"
    change = colleague("consumer-owner").get(f"booking-resources/{booking}/history/")[-1]
    assert (change["user_username"], change["comment"]) == ("provider-owner", "The laser is being aligned.")


def test_provider_blocks_time_by_dragging_and_removes_the_block(page: Page, colleague: AsColleague) -> None:
    page.enter("provider-owner").only(CONFOCAL).next_week()
    page.drag(3, 13, 2)
    page.set("What for", "Laser service")
    page.after(lambda: page.press("Block", "dialog"))
    page.event("Laser service", ".is-blocked")
    path = f"booking-offerings/{colleague('staff').offering()['uuid']}/busy-slots/"
    [block] = [each for each in colleague("staff").get(path) if each["comment"] == "Laser service"]
    assert (block["start"], block["end"]) == (text_of(next_week(13, 3)), text_of(next_week(15, 3)))
    page.open("Laser service")
    page.after(lambda: page.press("Remove this block", "dialog"))
    page.gone("Laser service")
    assert [each for each in colleague("staff").get(path) if each["comment"] == "Laser service"] == []


def test_block_in_the_way_of_a_booking_is_refused_with_what_it_collides(page: Page, colleague: AsColleague) -> None:
    colleague("consumer-owner").request("Ocelli", next_week(15, 1))
    page.enter("provider-owner").only(CONFOCAL).next_week()
    page.press("Block time")
    page.dialog()
    page.set("From", f"{next_week(14, 1):%Y-%m-%dT%H:%M}")
    page.set("Until", f"{next_week(18, 1):%Y-%m-%dT%H:%M}")
    page.press("Block", "dialog")
    assert "15:00–16:00: another request" in page.problem()


def test_colleagues_decision_shows_within_seconds(page: Page, other_page: Page, colleague: AsColleague) -> None:
    colleague("consumer-owner").request("Antennal lobes", next_week(17))
    page.enter("provider-owner").only(CONFOCAL).next_week()
    other_page.enter("provider-manager").only(CONFOCAL).next_week()
    other_page.event("Antennal lobes", ".is-waiting")
    page.open("Antennal lobes")
    page.press("Accept", "dialog")
    WebDriverWait(other_page.browser, 8).until(lambda _: other_page.find("Antennal lobes", ".is-accepted"))
    assert other_page.browser.find_elements(By.XPATH, "//ol[@class='bookings']//button[contains(., 'Antennal')]") == []


def test_new_request_shows_within_seconds(page: Page, colleague: AsColleague) -> None:
    page.enter("provider-owner").only(CONFOCAL).next_week()
    colleague("consumer-owner").request("Proboscis", next_week(7, 4))
    WebDriverWait(page.browser, 8).until(lambda _: page.find("Proboscis", ".is-waiting"))
    assert "waits 0 minutes" in page.waits("Proboscis").text


def test_decision_about_what_has_changed_meanwhile_is_not_taken(page: Page, colleague: AsColleague) -> None:
    booking = colleague("consumer-owner").request("Pollen baskets", next_week(19))
    page.enter("provider-owner")
    page.open_waiting("Pollen baskets")
    colleague("provider-manager").post(f"booking-resources/{booking}/accept/")
    page.after(lambda: page.press("Reject", "dialog"))
    assert "has changed since you opened it. Accepted by Paul Okafor" in page.problem()
    assert "State\nAccepted" in page.dialog().text
    assert colleague("staff").state(booking) == "OK"
    told = [entry["message"] for entry in page.browser.get_log("browser") if "412" in entry["message"]]  # type: ignore[no-untyped-call]
    assert told, "it was the tag that refused it"


def test_consumer_requests_by_dragging_and_withdraws(page: Page, colleague: AsColleague) -> None:
    page.enter("creator").only(LIGHT_SHEET).next_week()
    assert page.browser.find_elements(By.CSS_SELECTOR, ".calendar .is-free")
    page.drag(3, 20, 1)
    page.set("Name", "Compound eyes")
    page.set("For the project", "Bee connectome (Institute for Pollinator Research)")
    page.after(lambda: page.press("Request", "dialog"))
    page.event("Compound eyes", ".is-waiting.is-mine")
    [found] = colleague("creator").get("booking-resources/", name_exact="Compound eyes")
    assert [(slot["start"], slot["end"]) for slot in found["slots"]] == [
        (text_of(next_week(20, 3)), text_of(next_week(21, 3)))
    ]
    page.open("Compound eyes")
    page.after(lambda: page.press("Withdraw", "dialog"))
    page.gone("Compound eyes")
    assert colleague("creator").state(found["uuid"]) == "Terminated"


def test_consumer_collides_and_is_told_why(page: Page, colleague: AsColleague) -> None:
    start = next_week(22, 4)
    page.enter("creator").only(LIGHT_SHEET).next_week()
    page.press("Request time")
    page.dialog()
    page.set("From", f"{start:%Y-%m-%dT%H:%M}")
    page.set("Until", f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.set("Name", "Too late")
    colleague("staff").request("First come", start, 0.5, LIGHT_SHEET)
    page.press("Request", "dialog")
    told = page.problem()
    assert "is not available. Other booking request exists." in told
    assert f"{start:%a %-d %b}, 22:00–22:30: taken" in told, "whose it is, the creator may not see"
    page.set("From", f"{start + timedelta(minutes=30):%Y-%m-%dT%H:%M}")
    page.press("Request", "dialog")
    page.closed()
    page.event("Too late", ".is-waiting")


def test_provider_edits_weekly_hours(page: Page, colleague: AsColleague) -> None:
    colleague("consumer-owner").request("Night watch", next_week(23, 5), 0.5, LIGHT_SHEET)
    page.enter("provider-owner").only(LIGHT_SHEET).next_week()
    page.press("Opening hours")
    page.dialog()
    page.set("Clock of", "Europe/Tallinn")
    page.press("Add weekly hours", "dialog")
    page.press("Save", "dialog")
    page.closed()
    [offering] = colleague("staff").get("booking-offerings/", name_exact=LIGHT_SHEET)
    hours = {"daysOfWeek": [1, 2, 3, 4, 5], "startTime": "08:00", "endTime": "18:00"}
    [window] = offering["attributes"]["schedules"]
    assert window["extendedProps"]["config"] == {"timeZone": "Europe/Tallinn", "businessHours": hours}
    assert "Night watch" in when_there(page.browser, ".notice.warning").text
    assert when_there(page.browser, "#zone").text.splitlines()[0] == "Europe/Tallinn (the offering’s)"
    assert page.browser.find_elements(By.CSS_SELECTOR, ".calendar .is-closed")
    page.event("Night watch", ".is-outside")


def test_provider_edits_rules(page: Page, colleague: AsColleague) -> None:
    page.enter("provider-owner").only("Light microscopy suite")
    page.press("Rules")
    page.dialog()
    page.set("At least", "2")
    page.set("Bookings of one person at a time", "3")
    page.press("Save", "dialog")
    page.closed()
    uuid = colleague("staff").offering("Light microscopy suite")["uuid"]
    rules = colleague("staff").get(f"booking-offerings/{uuid}/rules/")
    assert (rules["min"], rules["max_open_per_user"], rules["max"]) == ("PT2H", 3, None)


USAGE_ASKED = """
return performance.getEntriesByType("resource").map(({name}) => new URL(name))
    .filter(({pathname, search}) => pathname.endsWith("/usage/") && search.endsWith(`group_by=${arguments[0]}`))
    .map(({pathname, search}) => pathname.slice("/api/".length) + search).at(-1)
"""
DRAWN = """
const texts = (selector) => [...document.querySelectorAll(`dialog .usage ${selector}`)].map(each => each.textContent);
return [texts(".sums dd"), texts(".bars title"), texts("details:first-of-type td:last-child"), texts(".heat title")]
"""


def rounded(figure: float) -> str:
    """With one decimal at most, and commas at thousands."""
    return f"{Decimal(str(figure)).quantize(Decimal('0.1'), ROUND_HALF_UP):,}".removesuffix(".0")


def sums_of(total: dict[str, float]) -> list[str]:
    """Figures as the page tells them, all but the last."""
    hours = [f"{rounded(total[name])} h" for name in ("open_hours", "booked_hours", "blocked_hours")]
    counts = [str(total[name]) for name in ("bookings", "rejections", "expired")]
    return [*hours, f"{rounded(total['utilisation'] * 100)} %", *counts]


def test_provider_sees_how_much_an_offering_was_used(page: Page, colleague: AsColleague) -> None:
    page.enter("provider-owner").only(CONFOCAL)
    page.press("Usage")
    for name, by, fewest in (("30 days", "day", 31), ("90 days", "week", 13), ("A year", "month", 12)):
        page.press(name, "dialog")
        assert page.browser.execute_script("return document.activeElement.textContent") == name
        when_there(page.browser, f"dialog .bars[aria-label^='Utilisation by {by}']")
        found = colleague("staff").client.get(page.browser.execute_script(USAGE_ASKED, by)).json()
        sums, bars, bookings, cells = page.browser.execute_script(DRAWN)
        assert sums[:7] == sums_of(found["total"])
        assert found["total"]["booked_hours"] > 0
        assert fewest <= len(found["groups"]) == len(bars) <= fewest + 1
        assert bookings == [str(group["bookings"]) for group in found["groups"]]
        assert len(cells) == 7 * 24


@pytest.mark.parametrize(("status", "expected"), [(200, ["Rules", "Usage"]), (404, ["Rules"])])
def test_usage_is_offered_where_the_service_tells_of_it(page: Page, status: int, expected: list[str]) -> None:
    page.enter("provider-owner")
    asked = """
        const [status, done] = arguments;
        window.fetch = async (url) => new Response("{}", {status: url.pathname.endsWith("/usage/") ? status : 200});
        import("/static/calendar/settings.js").then(({settingsButtons}) => settingsButtons({uuid: "one"}, {}))
            .then(buttons => done(buttons.map(({textContent}) => textContent)));
    """
    assert page.browser.execute_async_script(asked, status) == expected


def test_provider_saves_figures_of_use(page: Page, colleague: AsColleague, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    page.browser.get_log("browser")  # type: ignore[no-untyped-call]
    page.enter("provider-owner").only(CONFOCAL)
    page.press("Usage")
    when_there(page.browser, "dialog .usage .heat")
    page.press("Download as CSV", "dialog")
    [file] = WebDriverWait(page.browser, 20).until(lambda _: list(tmp_path.glob("*.csv")))
    asked = page.browser.execute_script(USAGE_ASKED, "day")
    answer = colleague("staff").client.get(asked, headers={"Accept": "text/csv"})
    assert file.read_bytes() == answer.content
    assert [each["message"] for each in page.browser.get_log("browser") if each["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]
    assert len(answer.text.splitlines()) == 1 + len(page.browser.find_elements(By.CSS_SELECTOR, ".usage .bars g"))


def test_everything_is_done_by_keyboard(page: Page, colleague: AsColleague) -> None:
    booking = colleague("consumer-owner").request("Stinger", next_week(21, 1))
    page.enter("provider-owner").only(CONFOCAL).next_week()
    page.browser.execute_script("arguments[0].focus()", page.event("Stinger"))
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    page.dialog()
    assert page.browser.execute_script("return document.querySelector('dialog').contains(document.activeElement)")
    page.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.closed()
    assert "Stinger" in str(page.browser.switch_to.active_element.get_attribute("textContent"))
    page.browser.switch_to.active_element.send_keys(Keys.SPACE)
    accept = page.button("Accept", "dialog")
    page.browser.execute_script("arguments[0].focus()", accept)
    page.after(lambda: accept.send_keys(Keys.ENTER))
    assert colleague("staff").state(booking) == "OK"


def test_focus_stays_when_something_else_changes(page: Page, colleague: AsColleague) -> None:
    colleague("consumer-owner").request("Mandibles", next_week(5, 0))
    page.enter("provider-owner").only(CONFOCAL).next_week()
    page.browser.execute_script("arguments[0].focus()", page.event("Mandibles"))
    colleague("consumer-owner").request("Labrum", next_week(3, 0))
    page.event("Labrum")
    WebDriverWait(page.browser, 5).until(
        lambda browser: (
            "Mandibles" in str(browser.switch_to.active_element.get_attribute("textContent"))
            and "ec-event" in str(browser.switch_to.active_element.get_attribute("class"))
        )
    )


def test_what_others_write_is_text(page: Page, colleague: AsColleague) -> None:
    name = "<img src=x onerror='window.injected=1'><b>bold</b>"
    colleague("consumer-owner").request(name, next_week(23, 0), 0.5)
    page.enter("provider-owner").only(CONFOCAL).next_week()
    assert name in page.open(name).text
    assert page.browser.execute_script(
        "return [window.injected === undefined, document.querySelectorAll('b, main img').length]"
    ) == [True, 0]


def test_page_loads_nothing_from_elsewhere_and_breaks_no_policy(page: Page, calendar_demo: Demo) -> None:
    page.browser.get_log("browser")  # type: ignore[no-untyped-call]
    page.enter("creator").only(CONFOCAL).next_week()
    loaded = page.browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in loaded if not name.startswith(calendar_demo.address)] == []
    told = [entry["message"] for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
    assert told == []
