#!/usr/bin/env bash
# rouge 1.0.1: a caption that repeats itself for ever has the same ROUGE as one that stops; rouge-score 0.1.2 halves it.
# Expected: precision counts every word that was written, so repeating the reference four times has precision 1/4.
# Happens: the package counts the set of different n-grams and, for ROUGE-L, of different words of the common subsequence. "a cat"
# four times over against "a cat" has ROUGE-1 and ROUGE-L of 1.00; rouge-score (Google's) says 0.40 for both.
# Matters: repetition is how decoders of captions fail, and recurrent and Transformer decoders do so unequally often. Under this
# package the broken contender has a perfect score; figures of the two packages can't stand in one table.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q rouge==1.0.1 rouge-score==0.1.2
"$work/venv/bin/python" - <<'PY'
from rouge import Rouge
from rouge_score.rouge_scorer import RougeScorer

cases = {
    "right": ("a cat", "a cat"),
    "four times over": ("a cat a cat a cat a cat", "a cat"),
    "stuck at the end": ("a cat on a mat mat mat mat mat mat", "a cat on a mat"),
}
scorer = RougeScorer(["rouge1", "rougeL"])
found = {}
for name, (answer, reference) in cases.items():
    one = Rouge().get_scores(answer, reference)[0]
    other = scorer.score(reference, answer)
    found[name] = [one["rouge-1"]["f"], one["rouge-l"]["f"], other["rouge1"].fmeasure, other["rougeL"].fmeasure]
    found[name] = [round(value, 2) for value in found[name]]
    print(f"{name}: rouge {found[name][:2]}, rouge-score {found[name][2:]} (ROUGE-1, ROUGE-L)")
assert found["right"] == [1.0] * 4
assert found["four times over"] == [1.0, 1.0, 0.4, 0.4]
assert found["stuck at the end"][:2] == [1.0, 1.0] and max(found["stuck at the end"][2:]) < 0.7
PY
