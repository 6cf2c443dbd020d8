"""Periods of time, what holds them, and what is said when two collide."""
