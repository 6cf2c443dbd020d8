"""Organisations, projects, offerings and roles, for those who operate the service."""
