#!/usr/bin/env bash
# pyarrow 25.0.1 with pandas 3.1.1 installed: making an array of two floats loads pandas.
# Expected: `pa.array([1.5, 2.5])`, and an array's numbers as NumPy, need pyarrow and NumPy alone; pandas comes with `to_pandas`.
# Happens: both ask whether the values are a Series, and so import pandas where it is installed (400 modules, 50 MB,
# a fifth of a second of a processor), whatever they are given. An array made of its buffers, a table of it and its sum do
# not. Where pandas is not installed nobody pays; a hundred trials in processes of their own pay a hundred times.
# Matters: time and memory of a start that are compared (or charged to a contender) depend on which of two spellings its data
# code uses, and on a package that neither imports.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q pyarrow==25.0.1 pandas==3.1.1 numpy==2.4.6
cat >"$work/look.py" <<'PY'
import resource
import sys
import time

import numpy as np
import pyarrow as pa

values = np.array([1.5, 2.5])
made = pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values)])
modules, megabytes, began = len(sys.modules), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.process_time()
{
    "an array of its buffers": lambda: pa.Array.from_buffers(pa.float64(), 2, [None, pa.py_buffer(values)]),
    "a table of it": lambda: pa.table({"value": made}).slice(1),
    "its sum": lambda: __import__("pyarrow.compute").compute.sum(made).as_py(),
    "an array of a list": lambda: pa.array([1.5, 2.5]),
    "an array of NumPy's": lambda: pa.array(values),
    "its numbers": lambda: made.to_numpy(),
}[sys.argv[1]]()
seconds = time.process_time() - began
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - megabytes
loaded = "pandas" in sys.modules
print(f"{sys.argv[1]:24} pandas {loaded!s:5} {len(sys.modules) - modules:4} modules {more:5.1f} MB {seconds:.3f} s")
assert loaded == (sys.argv[2] == "pandas") and loaded == (len(sys.modules) - modules > 100)
PY
for what in "an array of its buffers" "a table of it" "its sum"; do
    "$work/venv/bin/python" "$work/look.py" "$what" without
done
for what in "an array of a list" "an array of NumPy's" "its numbers"; do
    "$work/venv/bin/python" "$work/look.py" "$what" pandas
done
