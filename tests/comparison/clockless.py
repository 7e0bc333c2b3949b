"""What a bakeoff concludes, without what its clocks said: equal for equal bakeoffs, wherever and however they ran."""

import json

TIMED = ("train_seconds", "examples_per_second", "peak_memory_mb", "latency_ms", "latency_repeats_ms")


def verdict_without_clocks(folder):
    """The content of ``verdict.json`` but for what depends on time and memory."""
    record = json.loads((folder / "verdict.json").read_text())
    for row in record["leaderboard"]:
        for name in TIMED:
            row.pop(name)
    record["indicative"].pop("equal_time")
    record["indicative"].pop("leader_changes")
    record.pop("warnings")
    record["findings"] = [finding for finding in record["findings"] if finding["guard"] != "timing"]
    return record
