"""Orders as bookings show them."""
