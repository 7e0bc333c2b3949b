"""Runs `bakeoff train` from a checkout: `python pipelines/train.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("train")
