"""Runs `bakeoff evaluate` from a checkout: `python pipelines/evaluate.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("evaluate")
