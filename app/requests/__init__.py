"""How bookings are asked for: requests, their rules, and their approval by the consumer."""
