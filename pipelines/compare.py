"""Runs `bakeoff compare` from a checkout: `python pipelines/compare.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("compare")
