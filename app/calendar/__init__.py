"""When offerings are booked, busy and free."""
