"""Which pages are made from the code, from a mark on; what is above it is written by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.reference import load_format, roles, settings

DOCS = Path(__file__).parents[2] / "docs"
MARK = "<!-- from here on made by python -m tests.reference -->\n"
MADE: Mapping[Path, Callable[[], str]] = {
    DOCS / "settings.md": settings.made,
    DOCS / "load-format.md": load_format.made,
    DOCS / "roles.md": roles.made,
}


def page(path: Path) -> str:
    """The page as it should be."""
    by_hand, mark, _ = path.read_text().partition(MARK)
    assert mark, f"{path.name} has no mark"
    return by_hand + mark + MADE[path]()
