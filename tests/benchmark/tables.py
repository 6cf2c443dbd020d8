"""Figures as Markdown tables."""

from collections.abc import Callable, Iterable, Sequence

from tests.benchmark.load import Cost
from tests.benchmark.measuring import Figure

Members = Sequence[tuple[str, Callable[[Cost], float], str]]
COSTS: Members = (
    ("req/s", lambda cost: cost.rate, ".0f"),
    ("p50 ms", lambda cost: cost.p50, ".2f"),
    ("p99 ms", lambda cost: cost.p99, ".2f"),
    ("app CPU ms", lambda cost: cost.cpu, ".2f"),
    ("RSS MB", lambda cost: cost.memory / 2**20, ".0f"),
)
LEGEND = (
    "In brackets: the ratio to the same number of bytes from a bare FastAPI, and to the same from a route added to the "
    "application. CPU is that of one request. SQL counts statements without BEGIN and COMMIT. "
    "The load comes from the same machine: wrk, or a small client where requests are slow."
)


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; what follows the first two columns is aligned to the right."""
    rule = ["---" if number < 2 else "---:" for number in range(len(head))]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def full(figures: Iterable[Figure]) -> str:
    """Every figure with its ratios."""
    names = [name for name, _, _ in COSTS]
    head = ["row", "caller", "conn.", *names[:4], "PG CPU ms", "SQL", "bytes", *names[4:]]
    return table(head, (_line(each) for each in figures))


def _line(figure: Figure) -> list[str]:
    cells = []
    for _, member, form in COSTS:
        value = member(figure.cost)
        beside = [_ratio(value, member(cost)) for cost in (figure.bare, figure.added) if cost]
        cells.append(f"{value:{form}}" + (f" ({', '.join(beside)})" if beside else ""))
    database = [f"{figure.cost.database_cpu:.2f}", str(figure.statements), str(figure.size)]
    return [figure.row, figure.caller, str(figure.connections), *cells[:4], *database, *cells[4:]]


def compared(figures: Sequence[Figure], old: str, new: str) -> str:
    """The second target against the first: below 1 is better but for requests a second."""
    before = {_key(figure): figure for figure in figures if figure.target == old}
    lines = []
    for figure in (each for each in figures if each.target == new):
        other = before[_key(figure)]
        pairs = [(member(figure.cost), member(other.cost)) for _, member, _ in COSTS]
        pairs.insert(4, (figure.cost.database_cpu, other.cost.database_cpu))
        statements = f"{other.statements} → {figure.statements}"
        cells = [_ratio(value, base) for value, base in pairs]
        lines.append([figure.row, figure.caller, str(figure.connections), *cells[:5], statements, *cells[5:]])
    names = [name.removesuffix(" ms").removesuffix(" MB") for name, _, _ in COSTS]
    return table(["row", "caller", "conn.", *names[:4], "PG CPU", "SQL", *names[4:]], lines)


def flat(figures: Sequence[Figure], small: str, large: str) -> str:
    """The medians on a small and on a large data set, and the ratio."""
    before = {_key(figure): figure.cost.p50 for figure in figures if figure.target == small}
    lines = []
    for each in (figure for figure in figures if figure.target == large):
        base, own = before[_key(each)], each.cost.p50
        lines.append([each.row, each.caller, f"{base:.2f}", f"{own:.2f}", _ratio(own, base)])
    return table(["row", "caller", f"p50 ms, {small}", f"p50 ms, {large}", "ratio"], lines)


def _key(figure: Figure) -> tuple[str, str, int]:
    return figure.row, figure.caller, figure.connections


def _ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}" if base else "-"
