"""What roles allow, as an operator sets it."""

import pytest

from tests.commandline import Booking, Query

pytestmark = pytest.mark.slow

CREATING = "SELECT role FROM role_permission WHERE permission = 'OFFERING.CREATE'"


def test_migrate_says_what_roles_allow_where_nothing_says_so(booking: Booking, query: Query) -> None:
    assert query(CREATING) == []
    assert booking("migrate").exit_code == 0
    assert query(CREATING) == [("CUSTOMER.OWNER",)]
    assert booking("migrate").exit_code == 0
    assert query(CREATING) == [("CUSTOMER.OWNER",)]
