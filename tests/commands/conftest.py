"""The commands on a database of their own."""

from tests.commandline import booking, query, url

__all__ = ["booking", "query", "url"]
