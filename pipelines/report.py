"""Runs `bakeoff report` from a checkout: `python pipelines/report.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("report")
