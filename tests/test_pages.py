"""The pages of our own: static files that ask this service alone, under a policy that allows nothing else."""

import re
from pathlib import Path

import pytest
from httpx import AsyncClient

from app.pages import STATIC
from tests.conftest import AsUser

OWN = sorted(path for path in (STATIC / "calendar").iterdir() if path.suffix == ".js")
PAGES = {"/": STATIC / "index.html", "/calendar": STATIC / "calendar" / "index.html"}
STYLES = sorted((STATIC / "calendar").glob("*.css"))
LONGEST = 350
SVG = '"http://www.w3.org/2000/svg"'
"""The name of a vocabulary; nobody asks there for anything."""


def linked(page: Path) -> list[str]:
    """The files that a page names."""
    return re.findall(r'(?:src|href)="(static/[^"]+)"', page.read_text())


@pytest.mark.parametrize("path", PAGES)
async def test_page_may_ask_this_service_alone(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_page_has_no_script_and_no_style_inside(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|https?:", text) == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
async def test_files_of_the_page_are_there_and_are_asked_about(client: AsyncClient, page: Path) -> None:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    assert linked(page)
    for file in linked(page):
        answer = await client.get(f"/{file}")
        assert answer.status_code == 200, file
        assert answer.headers["content-type"].partition(";")[0] == kinds[Path(file).suffix]
        assert answer.headers["cache-control"] == "no-cache"
        again = await client.get(f"/{file}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


async def test_modules_import_each_other_and_nothing_else(client: AsyncClient) -> None:
    imported = {name for module in OWN for name in re.findall(r'^import .* from "([^"]+)"', module.read_text(), re.M)}
    assert imported | {"./main.js"} == {f"./{module.name}" for module in OWN}


@pytest.mark.parametrize("module", [*OWN, *STYLES], ids=lambda path: path.name)
def test_module_is_short_takes_text_only_and_names_no_address(module: Path) -> None:
    text = module.read_text().replace(SVG, "")
    assert len(text.splitlines()) <= LONGEST
    assert re.match(r"// |/\* ", text), "it begins with what it is for"
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b|new Function|https?://|localStorage|cookie", text)
        == []
    )


def test_library_comes_with_version_and_licence() -> None:
    vendored = STATIC / "event-calendar"
    version = (vendored / "VERSION").read_text().strip()
    for kind in ("js", "css"):
        assert f"EventCalendar v{version}" in (vendored / f"event-calendar.min.{kind}").read_text()[:100]
    assert "MIT License" in (vendored / "LICENSE").read_text()


@pytest.mark.parametrize(
    "path", ["/static/", "/static/../pages.py", "/static/%2e%2e/pages.py", "/static/calendar", "/calendar/"]
)
async def test_nothing_else_is_served(client: AsyncClient, as_user: AsUser, path: str) -> None:
    assert (await client.get(path, headers=as_user("staff"))).status_code == 404
