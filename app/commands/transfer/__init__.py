"""Load and dump: all tables of the service as one JSON document.

Load brings the database up to date with a file: rows are the same by uuid, or by what they join. A stored row is
replaced as a whole, and only by one whose `modified` is not older. Rows without `modified` are only added, unless their
table has no such column: then they replace. What is left out so is counted, and told. Tokens, role grants, permissions
and history are only ever added.
"""

from app.commands.transfer.dump import dump
from app.commands.transfer.load import load, load_dataset
from app.commands.transfer.report import Counts, LoadRefused, Problem, Report

__all__ = ["Counts", "LoadRefused", "Problem", "Report", "dump", "load", "load_dataset"]
