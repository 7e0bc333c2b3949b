"""Runs `bakeoff scale` from a checkout: `python pipelines/scale.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("scale")
