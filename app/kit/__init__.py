"""Mechanism that has never heard of a booking: fieldsets, filters, joins, ordering, pagination, routing."""
