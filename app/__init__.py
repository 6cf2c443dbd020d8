"""Booking Resources: see, filter, accept and reject bookings, none of which ever overlap."""
