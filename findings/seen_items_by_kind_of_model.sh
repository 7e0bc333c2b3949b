#!/usr/bin/env bash
# RecBole 1.2.1: sequential models may recommend what a user had, general models may not; one popularity list has two scores.
# Expected: GRU4Rec or SASRec beside Pop, ItemKNN or BPR, on one data set with one `eval_args`, are ranked over the same items.
# Happens: full ranking leaves out what a user had (train for validation, train and validation for test) for general models
# only; for sequential ones nothing is left out (`FullSortEvalDataLoader` hands over None). The very same popularity scores on
# ml-100k, each user's last item held out: NDCG@10 0.0444 as a general model, 0.0226 as a sequential one. No warning.
# Matters: where items do not repeat, as with ratings of films, sequential models give away half of their score by places that
# cannot be right, and a table of "sequential against simple" answers another question than it seems to.
# PYTHON may name an interpreter that has these versions already; else they are installed (torch: several gigabytes).
set -euo pipefail
pins=(recbole==1.2.1 numpy==1.26.4 pandas==2.2.3 torch==2.14.1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
check='import sys
from importlib.metadata import version
pins = [pin.split("==") for pin in sys.argv[1:]]
sys.exit(any(version(name).split("+")[0] != wanted for name, wanted in pins))'
if ! "$python" -c "$check" "${pins[@]}" 2>/dev/null; then
  python3 -m venv "$work/venv"
  python=$work/venv/bin/python
  "$python" -m pip install -q "${pins[@]}"
fi
cd "$work"
"$python" -W ignore - <<'PY'
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.model.general_recommender import Pop
from recbole.trainer import Trainer
from recbole.utils import InputType, ModelType


class PopOfSequences(SequentialRecommender):
    """The same scores, as a sequential model gives them."""

    input_type = InputType.POINTWISE

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def full_sort_predict(self, interaction):
        return self.counts.repeat(len(interaction), 1)


split = {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": {"valid": "full", "test": "full"}}
common = {
    "use_gpu": False, "seed": 0, "state": "ERROR", "show_progress": False, "eval_args": split, "metrics": ["NDCG", "Hit"],
    "topk": [10], "valid_metric": "NDCG@10", "checkpoint_dir": "saved", "train_neg_sample_args": None,
}
found = {}
for model, name in ((Pop, "Pop"), (PopOfSequences, "GRU4Rec")):
    config = Config(model=name, dataset="ml-100k", config_dict=common)
    dataset = create_dataset(config)
    train, _, test = data_preparation(config, dataset)
    net = model(config, train._dataset)
    if model is Pop:
        counts = torch.bincount(train._dataset.inter_feat["item_id"], minlength=net.n_items)
        net.item_cnt, net.max_cnt = counts[:, None], counts.max()
    else:
        net.counts = counts.float()  # those of Pop
    masks = next(iter(test))[1] is not None
    score = Trainer(config, net).evaluate(test, load_best_model=False)
    found[model.__name__] = (masks, score["ndcg@10"], score["hit@10"])
    print(f"{model.__name__}: leaves out what the user had: {masks}; NDCG@10 {score['ndcg@10']}, Hit@10 {score['hit@10']}")
assert {name: (masks, round(ndcg, 4)) for name, (masks, ndcg, _) in found.items()} == {
    "Pop": (True, 0.0444),
    "PopOfSequences": (False, 0.0226),
}
PY
