"""Runs `bakeoff train` from a checkout: `python pipelines/train.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("train")
