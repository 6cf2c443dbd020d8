"""Requests made up from the OpenAPI document, good and bad ones, against a real server: nothing may contradict it.

`BOOKING_EXAMPLES` sets how many are made up for each operation; each run with the same number makes up the same ones,
or others with `BOOKING_SEED`. With `BOOKING_COUNTED`, files of that directory get a byte for each request.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.document.schema import check, schema

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes


@schema.parametrize()
def test_answers_are_as_the_document_says(case: Any, address: str) -> None:
    _count()
    response = case.call(base_url=address)
    check(case, response, transport_kwargs={"base_url": address})


def _count() -> None:
    if folder := os.environ.get("BOOKING_COUNTED"):
        with (Path(folder) / str(os.getpid())).open("ab") as file:
            file.write(b".")
