"""Roles: which there are, what they carry, and who holds which on an organisation, a project or an offering."""
