"""What can be booked, and at what price: offerings and plans, to be looked up."""
