"""Load and dump: all tables of the service as one JSON document."""

from app.transfer.dump import dump
from app.transfer.load import load, load_dataset
from app.transfer.report import Counts, LoadRefused, Problem, Report

__all__ = ["Counts", "LoadRefused", "Problem", "Report", "dump", "load", "load_dataset"]
