"""Runs `bakeoff export` from a checkout: `python pipelines/export.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("export")
