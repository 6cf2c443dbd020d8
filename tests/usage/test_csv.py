"""Figures of use and lists as CSV: who is given it, what the cells are, and that no cell is a formula."""

import csv
import io
import shutil
import subprocess
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from httpx import Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.spreadsheets import table
from app.models import Project
from tests.calendar.conftest import Ask
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE
from tests.usage.history import CHANGES, invent, store

PATH = f"booking-offerings/{MICROSCOPE}/usage/"
ACCEPTED = [
    ("text/csv", True),
    ("TEXT/CSV; charset=utf-8", True),
    ("text/csv, */*", True),
    ("text/csv, */*;q=0.1", True),
    ("text/csv;q=0.5, */*", False),
    ("text/csv, application/json", False),
    ("text/csv, application/json;q=0.9", True),
    ("text/csv;q=0, */*", False),
    ("*/*", False),
    ("", False),
    ("text/csv;q=much", True),
    ("text/csv;q=nan, application/*", False),
]


def cells(answer: Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return read(answer.content)


def read(content: bytes | memoryview) -> list[list[str]]:
    return list(csv.reader(io.StringIO(bytes(content).decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(("accept", "is_csv"), ACCEPTED)
async def test_who_names_csv_is_given_it(ask_for: Ask, accept: str, is_csv: bool) -> None:
    answer = await ask_for(PATH, accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv" if is_csv else "application/json")
    assert "Accept" in answer.headers["Vary"].split(", ")


async def test_others_are_refused(ask_for: Ask) -> None:
    for accept in ("text/html", "text/*", "text/csv;q=0"):
        assert (await ask_for(PATH, accept)).status_code == 406, accept
    for path in ("booking-offerings/", f"booking-offerings/{MICROSCOPE}/free/", "users/me/"):
        assert (await ask_for(path, "text/csv")).status_code == 406, path


@pytest.mark.parametrize("by", ["day", "weekday_hour", "project", "user"])
async def test_lines_are_the_groups(ask: Ask, ask_for: Ask, rows: AsyncConnection, by: str) -> None:
    past = invent(Random(3), CHANGES[0])
    await store(rows, past)
    asked = {"start": "2026-03-20", "end": "2026-04-20", "group_by": by}
    path = f"booking-offerings/{past.uuid}/usage/"
    groups = (await ask(path, params=asked)).json()["groups"]
    answer = await ask_for(path, "text/csv", params=asked)
    titles, *lines = cells(answer)
    assert groups
    assert titles[:5] == ["key", "name", "weekday", "hour", "open_hours"]
    assert {*titles} == groups[0].keys()
    assert lines == [["" if group[title] is None else str(group[title]) for title in titles] for group in groups]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="usage.csv"'
    assert answer.content.count(b"\r\n") == len(groups) + 1


async def test_errors_are_json(ask_for: Ask) -> None:
    answer = await ask_for(PATH, "text/csv", params={"start": "soon"})
    assert (answer.status_code, answer.json()) == (400, {"start": ["Enter a valid date/time."]})
    assert (await ask_for(PATH, "text/csv", "creator")).status_code == 404


EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]
HARMLESS = ["1-1", "a=1", '"quoted", and\nbroken', "'=1", "Müller; ≤ 5", ""]


@pytest.mark.parametrize("text", EVIL)
def test_no_text_is_a_formula(text: str) -> None:
    assert read(table(["name"], [{"name": text}], "x").body) == [["name"], [f"'{text}"]]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_are_as_they_are(text: str) -> None:
    assert read(table(["name", "other"], [{"name": text}], "x").body)[1] == [text, ""]


def test_numbers_and_nested_values_are_told_apart() -> None:
    row = {"a": -1.5, "b": 0, "c": True, "d": None, "e": {"ü": ["=1"]}, "f": ["x"]}
    assert read(table([*row], [row], "x").body)[1] == ["-1.5", "0", "true", "", '{"ü": ["=1"]}', '["x"]']


async def test_name_of_a_project_is_no_formula(ask_for: Ask, rows: AsyncConnection) -> None:
    await rows.execute(update(Project).where(Project.uuid == GENOME_STUDY).values(name='=HYPERLINK("http://x")'))
    found = cells(await ask_for(PATH, "text/csv", params={"start": "2026-01-01", "group_by": "project"}))
    assert all(not cell.startswith("=") for line in found for cell in line)


SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
UTF_8 = "--infilter=Text - txt - csv (StarCalc):44,34,76"
"""Commas, quotes and UTF-8: what its dialog proposes by the mark, which it does not look for without a dialog."""
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


@pytest.mark.slow
@pytest.mark.skipif(SOFFICE is None, reason="needs LibreOffice (Debian: apt install libreoffice-calc-nogui)")
def test_spreadsheet_program_shows_the_cells(tmp_path: Path) -> None:
    """Texts are texts, numbers numbers, and nothing is a formula."""
    rows: list[dict[str, object]] = [{"text": text, "number": 1.5} for text in (*EVIL[:4], "Müller; ≤ 5", "1T08")]
    (tmp_path / "use.csv").write_bytes(bytes(table(["text", "number"], rows, "use").body))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [str(SOFFICE), profile, "--headless", UTF_8, "--convert-to", "fods", "--outdir", str(tmp_path), "use.csv"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    found = [
        [
            (cell.get(f"{_OFFICE}value-type"), "".join(part.text or "" for part in cell.iter(f"{_TEXT}p")))
            for cell in line.iter(f"{_TABLE}table-cell")
            if cell.get(f"{_OFFICE}value-type")
        ]
        for line in ElementTree.parse(tmp_path / "use.fods").iter(f"{_TABLE}table-row")
    ]
    shown = [[("string", "text"), ("string", "number")]]
    shown += [[("string", f"'{text}"), ("float", "1.5")] for text in EVIL[:4]]
    shown += [[("string", text), ("float", "1.5")] for text in ("Müller; ≤ 5", "1T08")]
    assert [line for line in found if line] == shown
    assert "table:formula" not in (tmp_path / "use.fods").read_text()
