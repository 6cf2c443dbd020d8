"""Orders: how bookings are asked for, listed, and decided on for the consumer."""
