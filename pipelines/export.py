"""Runs `bakeoff export` from a checkout: `python pipelines/export.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("export")
