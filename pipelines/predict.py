"""Runs `bakeoff predict` from a checkout: `python pipelines/predict.py key=value ...`."""

from bakeoff.config.running import run_pipeline

if __name__ == "__main__":
    run_pipeline("predict")
