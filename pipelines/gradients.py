"""Runs `bakeoff gradients` from a checkout: `python pipelines/gradients.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("gradients")
