"""Rules by which an offering is booked: what they say, and which of them a period breaks. Rule: contract, 9.10."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from app.errors import RuleBroken
from app.slots.opening import Opening
from app.slots.periods import Period, RequestedPeriod
from app.values import NoDuration, duration_of, text_of

_DURATIONS = ("slot", "min", "max", "lead", "horizon", "turnaround", "pending_expires")
_LIMITS = ("max_open_per_user", "max_open_per_project")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules that hold for each request; what is None does not limit it."""

    slot: timedelta | None = None
    min: timedelta | None = None
    max: timedelta | None = None
    lead: timedelta | None = None
    horizon: timedelta | None = None
    turnaround: timedelta | None = None
    pending_expires: timedelta | None = None
    max_open_per_user: int | None = None
    max_open_per_project: int | None = None
    auto_accept: tuple[str, ...] = ()

    @property
    def limits(self) -> bool:
        """Whether it matters how much somebody has booked."""
        return self.max_open_per_user is not None or self.max_open_per_project is not None

    def bookable(self, span: Period, now: datetime) -> Period | None:
        """The part of a span that is neither too soon nor too far ahead; None if there is none."""
        start = max(span.start, now + (self.lead or timedelta()))
        end = span.end if self.horizon is None else min(span.end, now + self.horizon)
        return Period(start, end) if start < end else None


def rules_of(stored: Mapping[str, object]) -> Rules:
    """The rules as they are stored; what is no rule does not count."""
    found: dict[str, object] = {}
    for name in (field.name for field in fields(Rules)):
        value = stored.get(name)
        if name in _DURATIONS and isinstance(value, str):
            try:
                found[name] = duration_of(value)
            except NoDuration:
                continue
        elif name in _LIMITS and type(value) is int:
            found[name] = value
        elif name == "auto_accept" and isinstance(value, list):
            found[name] = tuple(role for role in value if isinstance(role, str))
    return Rules(**found)  # type: ignore[arg-type]


def check_rules(rules: Rules, asked: RequestedPeriod, opening: Opening, now: datetime) -> None:
    """Raises RuleBroken about the first rule that a period breaks, and says what would do."""
    for check in (_too_short, _too_long, _too_soon, _too_far, _off_grid):
        fault = check(rules, asked.period, opening, now)
        if fault:
            raise RuleBroken(f"{asked} {fault}")


def _too_short(rules: Rules, period: Period, _: Opening, __: datetime) -> str | None:
    if rules.min is None or period.end - period.start >= rules.min:
        return None
    return f"is too short (rule min): it must be at least {iso(rules.min)} long."


def _too_long(rules: Rules, period: Period, _: Opening, __: datetime) -> str | None:
    if rules.max is None or period.end - period.start <= rules.max:
        return None
    return f"is too long (rule max): it must be at most {iso(rules.max)} long."


def _too_soon(rules: Rules, period: Period, _: Opening, now: datetime) -> str | None:
    if rules.lead is None or period.start >= now + rules.lead:
        return None
    return f"starts too soon (rule lead): it must start at {text_of(now + rules.lead)} or later."


def _too_far(rules: Rules, period: Period, _: Opening, now: datetime) -> str | None:
    if rules.horizon is None or period.end <= now + rules.horizon:
        return None
    return f"ends too late (rule horizon): it must end at {text_of(now + rules.horizon)} or earlier."


def _off_grid(rules: Rules, period: Period, opening: Opening, _: datetime) -> str | None:
    if not rules.slot:
        return None
    origin = opening.beginning(period.start)
    before = origin + (period.start - origin) // rules.slot * rules.slot
    if before == period.start and not (period.end - period.start) % rules.slot:
        return None
    slots = -(-(period.end - before) // rules.slot)
    fitting = f"{text_of(before)} to {text_of(before + slots * rules.slot)}"
    grid = f"slots are {iso(rules.slot)} long from {text_of(origin)}"
    return f"is not in whole slots (rule slot): {grid}, such as {fitting}."


def iso(length: timedelta) -> str:
    """A length of time as ISO 8601 has it."""
    hours, seconds = divmod(length.seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    time = "".join(f"{number}{unit}" for number, unit in parts if number)
    days = f"{length.days}D" if length.days else ""
    return f"P{days}{'T' if time else ''}{time}" if days or time else "PT0S"
