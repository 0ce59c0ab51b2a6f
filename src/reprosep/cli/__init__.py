"""The command line: one file per group of verbs."""

from reprosep.cli.command import main

__all__ = ["main"]
