"""Who and what bookings speak of: organisations, projects, users, to be looked up."""
