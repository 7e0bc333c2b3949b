#!/usr/bin/env bash
# whisper-normalizer 0.1.15 with jiwer 4.0.0: normalising spoken numbers before WER makes errors four times larger, or none.
# Expected: a normaliser that writes "twenty one" as 21 forgives spelling and leaves the number of errors alone.
# Happens: neighbouring digits become one word, so one wrong digit of four costs 0.25 without it and 1.0 with it. And "minus"
# before an amount of money is dropped: "minus two dollars" and "two dollars" are both "$2", WER 0, while "minus two" keeps
# its sign; "one oh one" and "one hundred and one" are both 101.
# Matters: word error rates of digit strings, amounts and readings are another quantity than those of the raw words, and
# contenders may change places: many answers with one slip lose to fewer answers that are all wrong.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q whisper-normalizer==0.1.15 jiwer==4.0.0
"$work/venv/bin/python" - <<'PY'
import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

normalise = EnglishTextNormalizer()
pairs = [
    ("five six seven eight", "five six seven nine"),
    ("minus two dollars", "two dollars"),
    ("minus two", "two"),
    ("one oh one", "one hundred and one"),
]
found = []
for truth, heard in pairs:
    raw, after = jiwer.wer(truth, heard), jiwer.wer(normalise(truth), normalise(heard))
    found.append((round(raw, 4), round(after, 4)))
    print(f"{truth!r} heard as {heard!r}: {raw:.2f}; as {normalise(truth)!r} and {normalise(heard)!r}: {after:.2f}")
truths = ["five six seven eight"] * 4
one_slip = ["five six seven nine"] * 4
half_lost = truths[:2] + ["one one one one"] * 2
for name, answers in (("one slip in each answer", one_slip), ("half of the answers all wrong", half_lost)):
    rates = jiwer.wer(truths, answers), jiwer.wer([*map(normalise, truths)], [*map(normalise, answers)])
    found.append(rates)
    print(f"{name}: {rates[0]:.2f} raw, {rates[1]:.2f} normalised")
assert found[:4] == [(0.25, 1.0), (0.3333, 0.0), (0.5, 1.0), (0.6667, 0.0)]
assert found[4:] == [(0.25, 1.0), (0.5, 0.5)]
PY
