"""The life of a booking: what may happen to it, to whom it may happen, and how it is done."""
