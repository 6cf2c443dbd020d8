"""Writes the pages anew."""

from tests.reference.pages import MADE, page

for path in MADE:
    path.write_text(page(path))
