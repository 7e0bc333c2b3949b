"""Runs `bakeoff report` from a checkout: `python pipelines/report.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("report")
