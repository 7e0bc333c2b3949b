"""Runs `bakeoff scale` from a checkout: `python pipelines/scale.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("scale")
