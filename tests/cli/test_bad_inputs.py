"""What a mistyped command line gets: its exit code and one line that names the key and the way out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bakeoff.cli import main

BAD = {
    "unknown key": (
        ["train", "trainer.max_epoch=3"],
        ["error[config.unknown_key] trainer.max_epoch: there is no such key; allowed: trainer.max_epochs, "],
    ),
    "unknown key by another name": (
        ["train", "optimizer.learning_rate=1e-3"],
        ["error[config.unknown_key] optimizer.learning_rate: there is no such key; allowed: optimizer.lr, "],
    ),
    "unknown section": (["train", "modle=resnet"], ["error[config.unknown_key] modle: ", "allowed: model, "]),
    "addition of an unknown key": (
        ["train", "+task.metrc=accuracy"],
        ["error[config.unknown_key] task.metrc: there is no such key; allowed: task.metric, task.metrics"],
    ),
    "removal of an unknown key": (["train", "~optimizer.lrr"], ["error[config.unknown_key] optimizer.lrr: "]),
    "wrong type": (
        ["train", "trainer.max_epochs=ten"],
        ["error[config.wrong_type] trainer.max_epochs=ten: expected int, got text"],
    ),
    "wrong choice": (
        ["train", "model=vit", "model.net.activation=rely"],
        ["error[config.wrong_type] model.net.activation=rely: is none of its values; allowed: relu, "],
    ),
    "a value for a section": (["train", "task.module=3"], ["error[config.wrong_type] task.module=3: is a section"]),
    "unknown model": (
        ["train", "model=resnett"],
        ["error[config.unknown_option] model=resnett: there is no such model; allowed: resnet, ", "next: bakeoff list"],
    ),
    "unknown task": (
        ["train", "task=image_clasification"],
        ["error[config.unknown_option] task=image_clasification: there is no such task; allowed: image_classification"],
    ),
    "an unknown task with data for it": (
        ["train", "task=text_clasification", "model=gru", "data=tweets"],
        ["error[config.unknown_option] task=text_clasification: there is no such task; allowed: text_classification"],
    ),
    "unknown data": (
        ["train", "data=mnist"],
        ["error[config.unknown_option] data=mnist: there is no such data; allowed: "],
    ),
    "unknown launcher": (
        ["train", "-m", "hydra/launcher=slurm", "seed=0,1"],
        ["error[config.unknown_option] hydra/launcher=slurm: ", "basic"],
    ),
    "unknown contender": (
        ["compare", "contenders=[resnet,vitt]"],
        ["error[config.unknown_option] contenders.1=vitt: there is no such model; allowed: vit, "],
    ),
    "no contender": (
        ["compare", "contenders=[]"],
        ["error[config.empty_list] contenders=[]: needs at least one entry"],
    ),
    "unknown change of a contender": (
        ["compare", "contenders=[resnet,{model: vit, dept: 3}]"],
        ["error[config.unknown_key] contenders.1.dept: ", "allowed: contenders.1.depth"],
    ),
    "negative seed": (
        ["train", "seed=-1"],
        ["error[config.out_of_range] seed=-1: is out of range; allowed: 0 to 4294967295"],
    ),
    "no seeds": (["compare", "seeds=0"], ["error[config.out_of_range] seeds=0: is out of range; allowed: 1 or more"]),
    "empty list of seeds": (["compare", "seeds=[]"], ["error[config.empty_list] seeds=[]: "]),
    "learning rate 0": (
        ["train", "optimizer.lr=0"],
        ["error[config.out_of_range] optimizer.lr=0: is out of range; allowed: above 0; next: optimizer.lr=1e-3"],
    ),
    "negative learning rate": (["train", "optimizer.lr=-0.1"], ["error[config.out_of_range] optimizer.lr=-0.1: "]),
    "no epochs": (
        ["train", "trainer.max_epochs=0"],
        ["error[config.out_of_range] trainer.max_epochs=0: ", "bakeoff evaluate run=FOLDER"],
    ),
    "empty sweep": (["train", "-m", "seed="], ["error[config.empty_sweep] seed=: there is no value to try"]),
    "empty range": (["train", "-m", "seed=range(3,3)"], ["error[config.empty_sweep] seed=range(3,3): "]),
    "too many jobs": (
        ["train", "-m", "seed=range(0,100000)"],
        ["error[config.sweep_too_large] -m: the sweep expands to 100,000 jobs; allowed: 10,000 jobs; next: yes=true"],
    ),
    "a sweep without -m": (
        ["train", "seed=0,1"],
        ["error[config.sweep_without_m] seed=0,1: is several values for one run; next: -m "],
    ),
    "a text with a comma": (
        ["predict", "run=r", "input=good, but late"],
        ["error[config.sweep_without_m] input=good, but late: ", """next: if it is text, quote it: 'input="good, """],
    ),
    "a path and a text": (
        ["predict", "run=r", "input=x.csv", "text=good"],
        ["error[config.contradiction] text=good: input is given too; next: leave one of them out"],
    ),
    "neither a path nor a text": (
        ["predict", "run=r"],
        ["error[config.missing_value] input: nothing is given; next: input=FILE, or text='...'"],
    ),
    "a text that is a number": (
        ["predict", "run=r", "input=42"],
        ["error[config.wrong_type] input=42: expected str", """next: if it is text, quote it: 'input="42"'"""],
    ),
    "a column whose name is a number": (
        ["train", "task=text_classification", "data=csv", "data.file=x.csv", "data.columns.label=2024"],
        ["error[config.wrong_type] data.columns.label=2024: ", """quote it: 'data.columns.label="2024"'"""],
    ),
    "nothing to write": (
        ["predict", "run=r", "input=x", "task.predict.num_tokens=-3"],
        ["error[config.out_of_range] task.predict.num_tokens=-3: is out of range; allowed: 1 or more"],
    ),
    "no beams": (
        ["train", "task=translation", "task.module.beams=0"],
        ["error[config.out_of_range] task.module.beams=0: is out of range; allowed: 1 or more"],
    ),
    "a width of what has none": (
        ["train", "task=language_modeling", "model=lzma", "model.net.width=16"],
        ["error[config.unknown_key] model.net.width: there is no such key"],
    ),
    "negative temperature": (
        ["predict", "run=r", "input=x", "task.predict.sampling.temperature=-1"],
        ["error[config.out_of_range] task.predict.sampling.temperature=-1: is out of range; allowed: 0 or more"],
    ),
    "none of the likeliest tokens": (
        ["predict", "run=r", "input=x", "task.predict.sampling.top_k=0"],
        ["error[config.out_of_range] task.predict.sampling.top_k=0: is out of range; allowed: 1 or more"],
    ),
    "a probability above 1": (
        ["predict", "run=r", "input=x", "task.predict.sampling.top_p=1.5"],
        ["error[config.out_of_range] task.predict.sampling.top_p=1.5: is out of range; allowed: above 0 and at most 1"],
    ),
    "an interval without a sampler": (
        ["train", "-m", "optimizer.lr=interval(0.001,0.1)"],
        ["error[config.sweep_kind] optimizer.lr=interval(0.001,0.1): ", "hydra/sweeper="],
    ),
    "split by the shell": (
        ["compare", "contenders=[resnet,", "vit]"],
        [
            "error[config.shell] contenders=[resnet, vit]: the shell split this into 2 words at its spaces; "
            "next: quote it: 'contenders=[resnet, vit]'"
        ],
    ),
    "a bare word": (["train", "resnet"], ["error[config.not_an_override] resnet: is not of the form key=value"]),
    "unset environment variable": (
        ["train", "data=image_folder", "data.path=${oc.env:NO_SUCH_VARIABLE}"],
        ["error[config.missing_env] data.path=${oc.env:NO_SUCH_VARIABLE}: ", "next: export NO_SUCH_VARIABLE=..."],
    ),
    "a path not given": (
        ["train", "data=image_folder"],
        ["error[config.missing_value] data.path=???: must be given: "],
    ),
    "a run not given": (
        ["evaluate"],
        ["error[config.missing_value] run=???: must be given: the folder of a finished run"],
    ),
    "a width that heads do not divide": (
        ["train", "model=vit", "model.net.width=10", "model.net.heads=4"],
        ["error[config.contradiction] model.net.width=10: is not divisible by its 4 heads; allowed: 8, 12"],
    ),
    "unknown metric": (
        ["train", "task.metric=acuracy"],
        ["error[config.unknown_metric] task.metric=acuracy: ", "allowed: accuracy, "],
    ),
    "validation that never happens": (
        ["train", "trainer.max_epochs=2", "trainer.val_every=5"],
        ["error[config.contradiction] trainer.val_every=5: with trainer.max_epochs=2, no validation would happen"],
    ),
    "a negative width": (
        ["train", "model=vit", "model.net.width=-4"],
        ["error[config.out_of_range] model.net.width=-4: is out of range; allowed: 1 or more"],
    ),
    "a contender of no layers": (
        ["compare", "contenders=[resnet,{model: vit, depth: 0}]"],
        ["error[config.out_of_range] contenders.1.depth=0: ", "next: bakeoff explain model.net.depth model=vit"],
    ),
    "dropout of more than all": (
        ["train", "model=vit", "model.net.dropout=1.5"],
        ["error[config.out_of_range] model.net.dropout=1.5: is out of range; allowed: at least 0 and below 1"],
    ),
    "unknown budget": (
        ["compare", "budget.mode=parms"],
        ["error[config.wrong_type] budget.mode=parms: ", "allowed: params"],
    ),
    "foreign code": (
        ["train", "model.net._target_=os.system"],
        ["error[config.target_not_allowed] model.net._target_=os.system: a configuration may not name this object"],
    ),
    "allowing Python itself": (["train", "allow_code=[os]"], ["error[config.allow_code] allow_code=os: "]),
    "unknown flag": (["train", "--no-such-flag"], ["error[config.bad_flag] "]),
    "unknown primary file": (
        ["train", "--config-name", "trian"],
        ["error[config.no_config] --config-name=trian: ", "train"],
    ),
    "no such folder of files": (
        ["train", "--config-dir", "nowhere"],
        ["error[config.no_config_dir] --config-dir=nowhere: "],
    ),
    "unknown command": (
        ["trian"],
        ["error[config.unknown_command] bakeoff=trian: there is no such command; allowed: train, "],
    ),
    "unknown list": (
        ["list", "modles"],
        ["error[config.unknown_group] list=modles: there is no such group; allowed: model"],
    ),
    "nothing to explain": (
        ["explain", "optimizer.lrr"],
        ["error[config.unknown_key] optimizer.lrr: ", "allowed: optimizer.lr"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_command_line_gets_one_line_and_exit_code_2(case, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words, expected = BAD[case]
    with pytest.raises(SystemExit) as stop:
        main(words)
    out, error = capsys.readouterr()
    [line] = error.splitlines()
    assert stop.value.code == 2
    assert out == ""
    assert all(text in line for text in expected), line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["train", "optimizer.lr=0", "modle=lenet", "trainer.max_epochs=x"], ["list", "modles"]]
)
def test_a_bad_command_line_in_a_process_of_its_own(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bakeoff.cli", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == len(words[1:])
    assert all(line.startswith("error[config.") for line in done.stderr.splitlines())


@pytest.mark.parametrize(
    ("name", "file", "key"),
    [
        ("data=mine", "defaults: [image_folder, _self_]\nname: mine\npath: .\nbatchsize: 3\n", "data.batchsize"),
        ("optimizer=mine", "_target_: torch.optim.SGD\n_partial_: true\nlr: 1\nmomentun: 0.9\n", "optimizer.momentun"),
        ("experiment=mine", "# @package _global_\ntrainer:\n  max_epoch: 3\n", "trainer.max_epoch"),
    ],
)
def test_a_misspelt_field_in_a_users_own_file_is_found(name, file, key, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my" / name.partition("=")[0]
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(file)
    with pytest.raises(SystemExit) as stop:
        main(["train", "--config-dir", "my", name])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(f"error[config.unknown_key] {key}: ")
