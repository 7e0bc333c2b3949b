#!/usr/bin/env bash
# sacrebleu 2.6.0: chrF of a text whose words are cut or joined wrongly throughout is a perfect 100.
# Expected: chrF is below 100 whenever the answer is not the reference.
# Happens: blanks are taken out before characters are counted, so "ein und zwanzig" for "einundzwanzig" scores 100.00, and so does
# a whole text whose blanks are all gone. Exact match, BLEU, chrF++ (word_order=2) and whitespace=True see it.
# Matters: in German, Dutch or Finnish the spelling of compounds as one word is what is hard, and a model of subwords or
# characters that never learns it can't be told by chrF from one that does: two contenders at 100, one with no right answer.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q sacrebleu==2.6.0
"$work/venv/bin/python" - <<'PY'
from sacrebleu.metrics import BLEU, CHRF

references = ["einundzwanzig", "zweihundertvierunddreissig", "ein blaues Haus mit vier Fenstern"]
answers = {
    "cut": ["ein und zwanzig", "zwei hundert vier und dreissig", "ein blaues Haus mit vier Fen stern"],
    "joined": [text.replace(" ", "") for text in references],
}
answers["joined"][:2] = ["einund zwanzig", "zweihundertvierund dreissig"]
metrics = {"chrF": CHRF(), "chrF++": CHRF(word_order=2), "chrF with blanks": CHRF(whitespace=True), "BLEU": BLEU()}
found = {}
for name, texts in answers.items():
    found[name] = {metric: round(score.corpus_score(texts, [references]).score, 2) for metric, score in metrics.items()}
    exact = sum(a == b for a, b in zip(texts, references))
    assert exact == 0
    print(f"{name}, {exact} of {len(texts)} right:", found[name])
assert all(scores["chrF"] == 100.0 for scores in found.values())
assert all(scores["chrF++"] < 95 and scores["chrF with blanks"] < 75 for scores in found.values())
PY
