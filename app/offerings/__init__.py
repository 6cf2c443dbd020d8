"""Bookable things, as bookings and orders show them."""
