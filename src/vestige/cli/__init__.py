"""The command line: parse, call one function below, show."""

from vestige.cli.root import main

__all__ = ["main"]
