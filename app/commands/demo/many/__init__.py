"""As many invented bookings as one likes: a few large providers, many small ones, and every state and filter in use."""
