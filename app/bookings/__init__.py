"""What a booking is, and what may happen to it."""
