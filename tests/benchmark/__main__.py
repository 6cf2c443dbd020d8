"""How fast the service is: `python -m tests.benchmark --help`."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.commands.demo.many.market import FEWEST, ROLES
from tests.benchmark import tables
from tests.benchmark.data import prepare, server, transaction_times
from tests.benchmark.load import require_wrk
from tests.benchmark.measuring import Baselines, Figure, Plan, Target, is_chosen, run, target_of, wants_writes
from tests.benchmark.rows import ROWS
from tests.benchmark.trees import HERE, serving, tree_of

Data = Annotated[Path, typer.Option(help="Keep the databases in this directory.")]
Bookings = Annotated[int, typer.Option(help="Measure on this many bookings.", min=FEWEST)]
Rows = Annotated[list[str] | None, typer.Option("--row", help="Measure the rows that begin so; may be repeated.")]
Callers = Annotated[list[str] | None, typer.Option("--caller", help="Call as these roles; may be repeated.")]
Connections = Annotated[str, typer.Option(help="Numbers of connections, with commas.")]
Duration = Annotated[int, typer.Option(help="Seconds for each figure.", min=1)]
Writes = Annotated[int, typer.Option(help="Ask for and accept this many bookings; 0 for none.", min=0)]
Compare = Annotated[str | None, typer.Option(help="Measure this revision as well, and compare.")]
Flat = Annotated[tuple[int, int] | None, typer.Option(help="Compare the medians on two numbers of bookings.")]
progress = Console(stderr=True)


def main(
    data: Data,
    bookings: Bookings = 10_000,
    rows: Rows = None,
    callers: Callers = None,
    connections: Connections = "1,16,64",
    duration: Duration = 3,
    writes: Writes = 50,
    compare: Compare = None,
    flat: Flat = None,
) -> None:
    """Measure the service, and print a table in Markdown."""
    require_wrk()
    data.mkdir(parents=True, exist_ok=True)
    chosen = [row for row in ROWS if is_chosen(row.name, rows or [])]
    roles = [role for role in ROLES if is_chosen(role, callers or [])]
    counts = [1] if flat else [int(each) for each in connections.split(",")]
    plan = Plan(chosen, roles, counts, duration, writes if wants_writes(rows or []) else 0)
    sizes = flat or (bookings, bookings)
    names = [f"{size:,}" for size in flat] if flat else [*([compare] if compare else []), "this"]
    with ExitStack() as opened:
        cluster = opened.enter_context(server(data))
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        targets = []
        for name, size in zip(names, sizes, strict=False):
            tree = opened.enter_context(tree_of(compare if name == compare else None))
            found = prepare(cluster, data, tree, size)
            served = opened.enter_context(serving("application", tree, folder, found.url, found.postmaster))
            targets.append(target_of(name, served, found))
        bare = None
        if not flat:
            bare = Baselines(opened.enter_context(serving("bare", HERE, folder)), folder, plan.duration)
        figures = list(_watched(run(plan, targets, cluster, bare)))
        _print(figures, names, bool(flat), targets)


def _watched(figures: Iterator[Figure]) -> Iterator[Figure]:
    """The figures, each told of on the way."""
    with progress.status("Measuring") as status:
        for figure in figures:
            told = f"{figure.target}: {figure.row}, {figure.caller}, {figure.connections}: {figure.cost.p50:.2f} ms"
            status.update(told)
            if not progress.is_terminal:
                progress.print(told)
            yield figure


def _print(figures: Sequence[Figure], names: Sequence[str], flat: bool, targets: Sequence[Target]) -> None:
    if flat:
        print(tables.flat(figures, names[0], names[1]))
    else:
        for name in names:
            print(f"\n**{name}**\n\n" + tables.full(each for each in figures if each.target == name))
        if len(names) > 1:
            print(f"\n**{names[1]} / {names[0]}**\n\n" + tables.compared(figures, names[0], names[1]))
        print(f"\n{tables.LEGEND}")
    if any(figure.row == "create" for figure in figures):
        (empty, empty_99), (written, written_99) = transaction_times(targets[-1].data.url)
        print(f"An empty transaction takes {empty:.2f} ms (99 %: {empty_99:.2f}),", end=" ")
        print(f"one that has to reach the disk {written:.2f} ms (99 %: {written_99:.2f}).")


if __name__ == "__main__":
    typer.run(main)
