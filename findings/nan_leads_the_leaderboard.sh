#!/usr/bin/env bash
# duckdb 2.0.1 with pandas 3.1.1 and polars 2.1.0: who is best depends on which library holds the table.
# Expected: "order by accuracy desc limit 1" over the same three rows names the same run, and not the diverged one.
# Happens: duckdb and polars count NaN as larger than any number, so the diverged run leads. From a pandas frame, and from the
# Parquet or CSV file that pandas wrote, duckdb sees a null instead and the right run leads. polars contradicts itself: sort,
# top_k and rank put NaN first, max and arg_max pass over it; nulls_last does not help.
# Matters: a leaderboard over metric files names the run that diverged as winner, or not, by how the file was written.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q duckdb==2.0.1 polars==2.1.0 pandas==3.1.1 pyarrow==25.0.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import tempfile

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

rows = {"run": ["cnn", "rnn", "transformer"], "accuracy": [0.9, float("nan"), 0.8]}
in_pandas, in_polars, in_arrow = pd.DataFrame(rows), pl.DataFrame(rows), pa.table(rows)
found = {}
with tempfile.TemporaryDirectory() as folder:
    in_pandas.to_csv(f"{folder}/pandas.csv", index=False)
    in_pandas.to_parquet(f"{folder}/pandas.parquet")
    in_polars.write_csv(f"{folder}/polars.csv")
    in_polars.write_parquet(f"{folder}/polars.parquet")
    files = ("pandas.csv", "pandas.parquet", "polars.csv", "polars.parquet")
    for table in ("in_pandas", "in_polars", "in_arrow", *(f"'{folder}/{name}'" for name in files)):
        query = f"select run from {table} order by accuracy desc limit 1"
        name = table.split("/")[-1].strip("'")
        found[name] = duckdb.sql(query).fetchall()[0][0]
        print(f"duckdb, best of {name}: {found[name]}")
ways = {
    "sort": in_polars.sort("accuracy", descending=True, nulls_last=True)["run"][0],
    "top_k": in_polars.top_k(1, by="accuracy")["run"][0],
    "arg_max": in_polars["run"][in_polars["accuracy"].arg_max()],
}
print("polars:", ways, "max", in_polars["accuracy"].max())
print("pandas:", in_pandas.sort_values("accuracy", ascending=False)["run"].iloc[0])
assert [found[n] for n in ("in_pandas", "pandas.csv", "pandas.parquet")] == ["cnn"] * 3
assert [found[n] for n in ("in_polars", "in_arrow", "polars.csv", "polars.parquet")] == ["rnn"] * 4
assert ways == {"sort": "rnn", "top_k": "rnn", "arg_max": "cnn"} and in_polars["accuracy"].max() == 0.9
PY
