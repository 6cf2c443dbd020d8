"""The command that imports."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.commands.configuration import configured
from app.commands.importing import reader, service
from app.commands.importing.audit import Claim, Overlap
from app.commands.reaching import reached
from app.commands.terminal import bars, end, print_table, progressing
from app.commands.transfer import LoadRefused
from app.slots.periods import Period
from app.values import NoMoment, moment_of

NOT_READ = (
    "Not read, because the API does not show them: role grants, permissions, tokens, history, ended orders other than "
    "the one that created a booking, other people's usernames at offerings, images and icons. They come by `load`."
)


Url = Annotated[str, typer.Option(help="Address of the system to read, such as https://waldur.example.com.")]
Token = Annotated[
    str, typer.Option(help="Token of a user who sees everything to copy, such as staff.", envvar="BOOKING_IMPORT_TOKEN")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check everything, and store nothing.")]
Terminate = Annotated[
    bool, typer.Option("--terminate-overlapping", help="Of overlapping bookings, end those requested later.")
]
Full = Annotated[bool, typer.Option("--full", help="Read everything, not only what has changed.")]
State = Annotated[
    Path | None, typer.Option(help="Keep in this file up to where each system was read; by default, look at the data.")
]
Audit = Annotated[Path | None, typer.Option(help="Write overlapping bookings to this file, as JSON.")]
PageSize = Annotated[int, typer.Option(help="Read this many bookings per request.", min=1, max=300)]


def import_waldur(
    url: Url,
    token: Token,
    dry_run: DryRun = False,
    terminate_overlapping: Terminate = False,
    full: Full = False,
    state: State = None,
    audit: Audit = None,
    page_size: PageSize = 100,
) -> None:
    """Copy bookings from Waldur.

    It reads another instance of this service as well. Without --state, it starts at the latest change of any booking
    stored here, be it made here: where both systems are at work, use --state or --full.
    """
    with progressing() as progress, _named_mistakes(progress, audit):

        async def run() -> service.Outcome:
            async with reached(configured()) as database, reader.Reader.opened(url, token, page_size) as source:
                known = _moment(_state(state).get(str(source.base))) if state else await service.known_until(database)
                outcome = await service.import_bookings(
                    database,
                    source,
                    since=None if full else known,
                    dry_run=dry_run,
                    terminate_overlapping=terminate_overlapping,
                    progress=bars(progress),
                )
                if state and not dry_run:
                    _remember(state, str(source.base), outcome.latest)
                return outcome

        outcome = asyncio.run(run())
    _write(audit, outcome.overlaps)
    _tell(outcome, dry_run=dry_run)


@contextmanager
def _named_mistakes(progress: Progress, audit: Path | None) -> Iterator[None]:
    """What is wrong at the source, or with its data, ends with a message and status 1."""
    try:
        yield
    except reader.SourceError as error:
        end(progress)
        sys.exit(f"booking: {error}; nothing was imported")
    except LoadRefused as refused:
        end(progress)
        typer.echo(str(refused), err=True)
        sys.exit("booking: nothing was imported")
    except service.OverlapsFound as found:
        end(progress)
        _write(audit, found.overlaps)
        _show_overlaps(found.overlaps)
        sys.exit(f"booking: {found}; nothing was imported. --terminate-overlapping ends the later requested ones.")


def _state(file: Path) -> dict[str, object]:
    try:
        known: object = json.loads(file.read_text()) if file.exists() else {}
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise reader.SourceError(f"{file} is no file that --state has written")
    return known


def _moment(text: object) -> datetime | None:
    try:
        return None if text is None else moment_of(text if isinstance(text, str) else "")
    except NoMoment as error:
        raise reader.SourceError(f"the state file says {text!r}, which is no time") from error


def _remember(file: Path, url: str, latest: datetime | None) -> None:
    if latest is not None:
        file.write_text(json.dumps(_state(file) | {url: latest.isoformat()}, indent=2) + "\n")


def _write(file: Path | None, found: list[Overlap]) -> None:
    if file is not None:
        file.write_text(json.dumps([pair.as_json() for pair in found], indent=2, ensure_ascii=False) + "\n")


def _show_overlaps(found: list[Overlap]) -> None:
    rows = [
        (
            pair.first.offering,
            _claim(pair.first, [each for each, _ in pair.periods]),
            _claim(pair.second, [each for _, each in pair.periods]),
        )
        for pair in found
    ]
    print_table(("offering", "requested_first", "requested_later"), rows)


def _claim(claim: Claim, periods: Iterable[Period]) -> str:
    where = " (stored here)" if claim.here else ""
    shown = (f"{each.start.isoformat()} to {each.end.isoformat()}" for each in dict.fromkeys(periods))
    return "\n".join([f"{claim.name}{where}", str(claim.uuid), *shown])


def _tell(outcome: service.Outcome, *, dry_run: bool) -> None:
    if outcome.overlaps:
        _show_overlaps(outcome.overlaps)
    for claim, rivals in outcome.ended.items():
        typer.echo(f"Terminated: {claim.uuid} {claim.name!r}, for {', '.join(str(rival.uuid) for rival in rivals)}.")
    since = f" that have changed since {outcome.since.isoformat()} (--full reads all)" if outcome.since else ""
    typer.echo(f"Read {outcome.bookings} bookings{since}.\n{outcome.report}")
    typer.echo("\n".join([*outcome.notes, NOT_READ]))
    if dry_run:
        typer.echo("Dry run: nothing was stored.")
