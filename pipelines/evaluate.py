"""Runs `bakeoff evaluate` from a checkout: `python pipelines/evaluate.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("evaluate")
