"""What callers who mean no good try, they try on the recorded microscope."""

from tests.orders.conftest import place

__all__ = ["place"]
