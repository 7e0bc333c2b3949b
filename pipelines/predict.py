"""Runs `bakeoff predict` from a checkout: `python pipelines/predict.py key=value ...`."""

from bakeoff.cli import program

if __name__ == "__main__":
    program("predict")
