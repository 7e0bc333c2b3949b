#!/usr/bin/env bash
# codecarbon 3.3.2, tracking_mode="process": a process that sleeps is charged nearly what one that works is.
# Expected: asked for one process, the energy of one process: little for one that waits, and less memory for a small one.
# Happens: of the memory it counts the whole machine's, a fixed number of watts (ten or more) for as long as the clock runs,
# whatever the process holds or does, and the same again for a second one beside it. Where no sensor is (most virtual
# machines) a core at full load is rated at about four watts, so most of the sum is that constant.
# Matters: contenders are ranked by how long they took, not by what they did; a trial that waited for a busy machine is
# "dirtier", and trials side by side pay for the same memory several times over.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q codecarbon==3.3.2
cat >"$work/measure.py" <<'PY'
import json
import logging
import sys
import time

from codecarbon import OfflineEmissionsTracker

logging.disable(logging.CRITICAL)
what = sys.argv[1]
held = bytearray(600_000_000) if what == "large" else b""
tracker = OfflineEmissionsTracker(
    country_iso_code="DEU", tracking_mode="process", measure_power_secs=1, save_to_file=False, allow_multiple_runs=True
)
tracker.start()
begun, used = time.time(), time.process_time()
while time.time() - begun < 5:
    if what != "works":
        time.sleep(0.1)
spent = time.process_time() - used
tracker.stop()
found = tracker.final_emissions_data
joules = {"processor": found.cpu_energy * 3.6e6, "memory": found.ram_energy * 3.6e6}
print(json.dumps({"processor_s": spent, "seconds": found.duration, **joules, "memory_w": found.ram_power}))
PY
cd "$work"
for what in works sleeps large; do "$work/venv/bin/python" measure.py "$what" 2>/dev/null | tail -1 >"$what.json"; done
"$work/venv/bin/python" measure.py sleeps 2>/dev/null | tail -1 >"beside.json" &
"$work/venv/bin/python" measure.py sleeps 2>/dev/null | tail -1 >"other.json"
wait
"$work/venv/bin/python" - <<'PY'
import json
import pathlib

found = {path.stem: json.loads(path.read_text()) for path in sorted(pathlib.Path().glob("*.json"))}
for what, row in found.items():
    print(f"{what:7}", "  ".join(f"{name} {value:.2f}" for name, value in row.items()))
works, sleeps = found["works"], found["sleeps"]
share = (sleeps["processor"] + sleeps["memory"]) / (works["processor"] + works["memory"])
print(f"asleep it is charged {share:.0%} of what a working process is, for {sleeps['processor_s']:.2f} processor seconds")
assert works["processor_s"] > 10 * sleeps["processor_s"]
assert {row["memory_w"] for row in found.values()} == {works["memory_w"]} and works["memory_w"] >= 10
assert sleeps["memory"] > sleeps["processor"] and share > 0.3
PY
