"""What the service tells of its work while it does it: log lines, counts, changes of bookings, traces."""
