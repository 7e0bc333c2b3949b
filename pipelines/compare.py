"""Runs `bakeoff compare` from a checkout: `python pipelines/compare.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("compare")
