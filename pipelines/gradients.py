"""Runs `bakeoff gradients` from a checkout: `python pipelines/gradients.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("gradients")
