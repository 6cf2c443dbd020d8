"""The calendar page: nobody is kept out, hours are those of the clocks, and a full week shows at once."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.by import By

from tests.browser.driving import IN_A_BROWSER, SCREENSHOTS, Demo, when_there
from tests.browser.page import CONFOCAL, AsColleague, Page, next_week, text_of

pytestmark = IN_A_BROWSER
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
BARRIERS = """
const done = arguments[0];
axe.run(document).then(({violations}) => done(violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .map(({id, nodes}) => [id, nodes[0].html, nodes[0].failureSummary])));
"""
RULES = {
    **{"slot": "PT30M", "min": None, "max": "P1D", "lead": "PT90M", "horizon": "P12W", "turnaround": "PT1H"},
    **{"pending_expires": "P1M", "max_open_per_user": 2, "max_open_per_project": None},
    "auto_accept": ["PROJECT.MANAGER", "OFFERING.OTHER"],
}
WINDOWS = {
    "notes": "of nobody's concern",
    "schedules": [
        {
            **{"id": "term", "start": "2027-01-11T00:00:00.000Z", "end": "2100-01-01T00:00:00Z"},
            "extendedProps": {
                "kept": 1,
                "config": {
                    "timeZone": "Asia/Kathmandu",
                    "businessHours": [
                        {"daysOfWeek": [1, 2], "startTime": "08:00", "endTime": "24:00"},
                        {"daysOfWeek": [5], "startTime": "22:00", "endTime": "26:30"},
                    ],
                },
            },
        }
    ],
}
OPEN_FORM = """
const [form, given, done] = arguments;
window.sent = [];
window.fetch = async (url, {method, body}) => (window.sent.push([String(url), method, body]), new Response("{}"));
import(`/static/calendar/${form}form.js`).then(({openRules, openHours}) => {
    (openRules ?? openHours)({uuid: "one", name: "One"}, given, "one/", {zone: () => "UTC", changed() {}});
    done();
});
"""
SIZES = {"wide": (1400, 950), "narrow": (390, 844)}


def barriers(page: Page, name: str) -> list[Any]:
    page.browser.save_screenshot(str(SCREENSHOTS / f"calendar-{name}.png"))
    page.browser.execute_script(AXE)
    return [[name, *found] for found in page.browser.execute_async_script(BARRIERS)]


@pytest.fixture(params=["light", "dark"])
def scheme(page: Page, request: pytest.FixtureRequest) -> Iterator[str]:
    wanted = {"features": [{"name": "prefers-color-scheme", "value": request.param}]}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
    yield str(request.param)
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture(params=list(SIZES))
def size(page: Page, request: pytest.FixtureRequest) -> Iterator[str]:
    width, height = SIZES[request.param]
    sizes = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sizes)
    yield str(request.param)
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def views(page: Page) -> Iterator[str]:
    """What a provider sees, one after another; the name of each."""
    page.only(CONFOCAL).next_week()
    yield "week"
    page.open("Queen")
    yield "booking"
    page.press("Close", "dialog")
    page.press("Block time")
    page.dialog()
    yield "block"
    page.press("Close", "dialog")
    page.press("Usage")
    when_there(page.browser, "dialog .usage .heat")
    yield "usage"
    page.browser.execute_script("document.querySelectorAll('dialog details').forEach(each => each.open = true)")
    yield "usage-tables"
    page.press("Close", "dialog")
    page.after(lambda: page.press("Month"))
    yield "month"
    page.seek("microscope")
    page.after(lambda: when_there(page.browser, ".offerings input:not(:checked)").click())
    page.after(lambda: page.press("Week"))
    yield "columns"
    page.after(lambda: page.press("Rows"))
    yield "rows"


def test_axe_finds_nothing_serious(page: Page, scheme: str, size: str, colleague: AsColleague) -> None:
    for hour, name in ((8, "Queen"), (10, "Drone")):
        if not colleague("staff").get("booking-resources/", name_exact=name, state="Creating"):
            colleague("consumer-owner").request(name, next_week(hour, 0))
    found = []
    page.enter("provider-owner", shape={"length": "week"})
    for view in views(page):
        found += barriers(page, f"{view}-{scheme}-{size}")
    for form in ("rules", "hours"):
        page.browser.execute_async_script(OPEN_FORM, form, RULES if form == "rules" else WINDOWS)
        page.dialog()
        found += barriers(page, f"{form}-{scheme}-{size}")
        page.press("Close", "dialog")
    page.enter("creator")
    page.press("Request time")
    page.dialog()
    found += barriers(page, f"request-{scheme}-{size}")
    page.press("Close", "dialog")
    page.press("Sign out")
    when_there(page.browser, ".sign-in input")
    found += barriers(page, f"sign-in-{scheme}-{size}")
    assert found == []


def test_narrow_page_does_not_scroll_sideways(page: Page, size: str) -> None:
    page.enter("provider-owner")
    measured = page.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert measured[0] <= measured[1]


CHANGES = {
    "Europe/Tallinn": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 30)),
    "Asia/Kathmandu": (date(2026, 1, 1), date(2026, 7, 1)),
}
"""Days on which the clocks of a zone change, if it changes any."""
HOURS: list[dict[str, Any]] = [
    {"daysOfWeek": [0, 4, 5, 6], "startTime": "00:30", "endTime": "02:30"},
    {"daysOfWeek": [1, 0, 5], "startTime": "08:00", "endTime": "24:00"},
    {"daysOfWeek": [5, 6], "startTime": "23:15", "endTime": "25:45"},
]


def is_open(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the local clock says so, be it as an hour beyond 24:00 of the day before."""
    local = moment.astimezone(zone)
    today, weekday = f"{local:%H:%M}", local.isoweekday() % 7
    beyond = f"{local.hour + 24}:{local:%M}"
    return any(
        day in hours["daysOfWeek"] and hours["startTime"] <= at < hours["endTime"]
        for hours in HOURS
        for day, at in ((weekday, today), ((weekday - 1) % 7, beyond))
    )


@pytest.mark.parametrize("zone", CHANGES)
def test_hours_are_open_each_minute_that_the_local_clock_says_so(page: Page, calendar_demo: Demo, zone: str) -> None:
    page.browser.get(calendar_demo.address)
    for day in CHANGES[zone]:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=36)
        minutes = [start + timedelta(minutes=each) for each in range(96 * 60)]
        config = {"businessHours": HOURS, "timeZone": zone}
        window = {"start": text_of(start), "end": text_of(minutes[-1] + timedelta(minutes=1))}
        offering = {"attributes": {"schedules": [{**window, "extendedProps": {"config": config}}]}}
        asked = """
            const [offering, start, end, done] = arguments;
            import("/static/calendar/hours.js").then(({open}) => done(open(offering, start, end)));
        """
        span = [round(moment.timestamp() * 1000) for moment in (start, minutes[-1] + timedelta(minutes=1))]
        found = page.browser.execute_async_script(asked, offering, *span)
        shown = {moment for moment in minutes if any(s["start"] <= moment.timestamp() * 1000 < s["end"] for s in found)}
        expected = {moment for moment in minutes if is_open(moment, ZoneInfo(zone))}
        assert sorted(shown ^ expected) == [], day
        assert expected


@pytest.mark.parametrize("zone", CHANGES)
def test_clock_is_that_of_the_zone_there_and_back(page: Page, calendar_demo: Demo, zone: str) -> None:
    page.browser.get(calendar_demo.address)
    for day in CHANGES[zone]:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=20)
        moments = [start + timedelta(minutes=15 * each) for each in range(4 * 60)]
        asked = """
            const [zone, moments, done] = arguments;
            import("/static/calendar/zones.js").then(({clock, instant}) =>
                done(moments.map(at => [clock(zone, at), instant(zone, clock(zone, at))])));
        """
        found = page.browser.execute_async_script(asked, zone, [round(each.timestamp() * 1000) for each in moments])
        local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
        assert [said for said, _ in found] == [f"{each:%Y-%m-%dT%H:%M:%S}" for each in local]
        first = [each.replace(fold=0).astimezone(UTC).timestamp() * 1000 for each in local]
        assert [at for _, at in found] == first


def test_form_of_rules_sends_back_what_it_was_given_but_for_what_was_changed(page: Page, calendar_demo: Demo) -> None:
    page.enter("provider-owner")
    cases: tuple[tuple[dict[str, str], dict[str, object]], ...] = (
        ({}, {}),
        ({"At least": "2", "At most": ""}, {"min": "PT2H", "max": None}),
        ({"Bookings of one person at a time": ""}, {"max_open_per_user": None}),
    )
    for changes, expected in cases:
        page.browser.execute_async_script(OPEN_FORM, "rules", RULES)
        for label, value in changes.items():
            page.set(label, value)
        page.press("Save", "dialog")
        page.closed()
        [[url, method, body]] = page.browser.execute_script(
            "return window.sent.filter(([, method]) => method === 'PUT')"
        )
        assert (url, method) == (f"{calendar_demo.address}/api/one/", "PUT")
        assert json.loads(body) == RULES | expected


def test_form_of_hours_sends_back_what_it_was_given_but_for_what_was_changed(page: Page) -> None:
    page.enter("provider-owner")
    page.browser.execute_async_script(OPEN_FORM, "hours", WINDOWS)
    page.press("Save", "dialog")
    page.closed()
    bodies = "return window.sent.filter(([, method]) => method === 'POST').map(([, , body]) => JSON.parse(body))"
    assert page.browser.execute_script(bodies) == [WINDOWS]
    page.browser.execute_async_script(OPEN_FORM, "hours", WINDOWS)
    page.press("Remove these hours", "dialog")
    page.set("From", "2027-01-11T08:00")
    page.press("Save", "dialog")
    page.closed()
    [changed] = page.browser.execute_script(bodies)
    [window] = changed["schedules"]
    assert window["start"] == "2027-01-11T02:15:00.000Z", "8 o'clock in Kathmandu"
    assert window["extendedProps"]["config"]["businessHours"] == {
        **{"daysOfWeek": [5], "startTime": "22:00", "endTime": "26:30"}
    }


BUSY = ("Confocal microscope", "Light-sheet microscope", "Cryo-electron microscope", "Light microscopy suite")
EACH = 250
WEEKS_AHEAD = 12
"""Beyond all that the demo has."""
SHOWN = """
const answered = performance.getEntriesByType("resource")
    .filter(({name}) => name.includes("/api/booking-resources/?") && name.includes("slot_start_after"));
const shown = performance.getEntriesByName("shown").at(-1);
return shown.startTime - Math.max(...answered.map(({responseEnd}) => responseEnd));
"""


def working(page: Page) -> float:
    """Milliseconds that the page's thread has worked so far, on whatever."""
    told = page.browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(each["value"] for each in told if each["name"] == "TaskDuration")) * 1000


def test_a_thousand_bookings_a_week_show_within_a_second(page: Page, colleague: AsColleague) -> None:
    asking = colleague("consumer-owner")
    monday = next_week(0, (WEEKS_AHEAD - 1) * 7)
    starts = [monday + timedelta(minutes=40 * each) for each in range(EACH)]
    with ThreadPoolExecutor(4) as workers:
        asked = [(name, start) for name in BUSY for start in starts]
        list(workers.map(lambda one: asking.request(f"{one[0]} {one[1]:%H%M}", one[1], 0.5, one[0]), asked))
    chosen = [asking.offering(name)["uuid"] for name in BUSY]
    page.enter("provider-owner", chosen_provide=chosen).next_week(WEEKS_AHEAD - 1)
    page.browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    waited, worked = [], []
    for _ in range(5):
        page.browser.execute_script("performance.clearResourceTimings(); performance.clearMarks()")
        before = working(page)
        page.next_week()
        assert len(page.browser.find_elements(By.CSS_SELECTOR, ".calendar .ec-event.is-waiting")) == len(BUSY) * EACH
        page.browser.execute_async_script("setTimeout(arguments[0], 500)")
        worked.append(round(working(page) - before))
        waited.append(round(page.browser.execute_script(SHOWN)))
        page.after(lambda: page.press("Earlier"))
    page.next_week().browser.save_screenshot(str(SCREENSHOTS / "calendar-thousand.png"))
    print(f"ms until a thousand bookings show: {waited} after the API's answer, {worked} of the processor")
    assert sorted(worked)[2] <= 2000, "on a processor that others share"
    if os.getloadavg()[0] <= (os.cpu_count() or 1):  # else others have the processor, too
        assert sorted(waited)[2] <= 1000
