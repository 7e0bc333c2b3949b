"""Command lines that make no sense, of every command: told in lines, with an exit code, and nothing left behind."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bakeoff.cli import main

WRONG = """
train modle=vit
train model=
train model=vit,
train model=nope
train model.net.width=-3
train model.net.width=7 model=vit
train model.net.depth=1.5 model=vit
train model.net.heads=0 model=vit
train trainer.max_epochs=-1
train trainer.max_epochs=1e3
train trainer.max_epochs=ten
train trainer.devices=0
train trainer.accelerator=tpu
train trainer.accelerator=gpu
train trainer.precision=8
train trainer.select=worst
train trainer.patience=0
train trainer.val_every=100 trainer.max_epochs=2
train trainer.accumulate=0
train trainer.threads=-2
train optimizer.lr=-1
train optimizer.lr=nan
train optimizer.lr=inf
train optimizer=lion
train optimizer.betas=[0.9]
train optimizer.betas=[2,3]
train optimizer.momentum=0.9
train scheduler.warmup=1.0
train scheduler=cosine scheduler.final=2
train data=nope
train data=csv
train data=csv data.file=nope.csv task=text_classification
train data=csv data.file=t.csv
train data=csv data.file=empty.csv task=text_classification
train data=csv data.file=t.csv task=text_classification data.columns.label=stars
train data=csv data.file=t.csv task=text_classification data.split.group=user
train data=csv data.file=t.csv task=text_classification data.sep=;;
train data=csv data.file=t.csv task=text_classification data.encoding=klingon
train data=csv data.file=emptydir task=text_classification
train data=image_folder data.path=emptydir
train data=image_folder data.path=t.csv
train data=image_folder data.path=/nope
train data.split.val=0
train data.split.test=1.0
train data.split.val=-5
train data.batch_size=0
train data.image_size=[8]
train data.image_size=[8,8,8]
train data.image_size=big
train task=nope
train task=translation data=digits
train task=text_classification model=vit
train task.metric=nope
train task.direction=up
train seed=-1
train seed=4294967296
train seed=1.5
train seed=a
train augment=nope
train augment.rotation=400 augment=light
train tracking=nope
train tracking.uri=nowhere
train tracking.every_s=0
train output_dir=
train output_dir=/proc/x
train experiment=nope
train allow_code=[os]
train allow_code=os
train model.net._target_=os.system
train +model.net.in_channels=3
train -m seed=range(0,0)
train -m seed=0,1,
train seed=0,1
train --nope
train nonsense
train =3
compare contenders=[]
compare contenders=[lenet]
compare contenders=[lenet,nope]
compare contenders=[lenet,{depth:3}]
compare contenders=[lenet,{model:vit,depht:3}]
compare contenders=lenet
compare seeds=1
compare seeds=[0,0,1]
compare alpha=2
compare margin=-1
compare looks=[5,4]
compare looks=sometimes
compare budget=nope
compare budget.value=-1
compare budget.value=1
compare budget=time budget.value=0
compare tune.trials=3
compare tune.best_of=0 tune.trials=20
compare executor=nope
compare executor.workers=0
compare rerun=all
predict
predict run=nope input=b.png
predict run=emptydir input=b.png
evaluate run=nope
evaluate run=emptydir split=holdout
report run=nope
report
scale contenders=[vit] scale.lengths=[]
gradients run=nope
audit
audit nope
audit emptydir
verdict
verdict nope.csv
verdict t.csv
verdict empty.csv
plan nope
data
data nope
data emptydir
data b.png
explain
explain nope
list nope
sync nope
register nope
summary nope
nonsense
"""
LONGEST_LINE = 600


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table, an empty one, a file that is no image, and an empty folder."""
    (tmp_path / "t.csv").write_text("text,label\n" + "".join(f"row {n},{'ab'[n % 2]}\n" for n in range(40)))
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "b.png").write_bytes(b"no image")
    (tmp_path / "emptydir").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow  # `tests/cli/test_bad_inputs.py` has one of each kind
@pytest.mark.parametrize("line", WRONG.strip().splitlines())
def test_it_is_told_in_lines_and_leaves_nothing(line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(here.rglob("*"))
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(line))
    said = capsys.readouterr().err.strip().splitlines()
    assert stop.value.code in (2, 3, 4, 5)
    assert said and all(text.startswith("error[") and len(text) <= LONGEST_LINE for text in said)
    assert "error[internal]" not in said[0]
    assert sorted(here.rglob("*")) == before
