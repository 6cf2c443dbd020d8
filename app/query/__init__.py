"""How tables become answers: fieldsets, filters, joins, orderings and pages. Knows neither HTTP nor rooms."""
