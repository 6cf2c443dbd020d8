"""Import: bookings, and what they refer to, from another system that speaks the same API.

What is read is brought into the shape that `load` takes (`mapping`), held against what is stored and against itself
(`audit`), and loaded in one transaction (`service`). Bookings are read anew when they have changed since; what they
refer to is looked up where the source shows it, and otherwise made from what the booking says.

Rows without a date of their own carry one in 1970, so that whatever was stored by other means is never replaced.
"""
