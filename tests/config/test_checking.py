"""Command lines and users' own files are checked in one pass against bakeoff's configuration tree."""

from __future__ import annotations

import shlex
import textwrap

import pytest

from bakeoff.config import compose_section
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer, use_trees
from bakeoff.config.locate import conf_dir
from bakeoff.config.overrides import jobs_to_check, parse, sweep_size
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.validation import validate
from bakeoff.errors import ConfigError, ErrorGroup


@pytest.fixture
def user_tree(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return tmp_path

    return write


def check(*words, pipeline="train", multirun=False, tree=None, validating=True):
    composer = Composer(config_dir=tree)
    return Checker(composer, pipeline=pipeline, multirun=multirun, validating=validating).check(words)


def codes(*words, **options):
    with pytest.raises(ErrorGroup) as caught:
        check(*words, **options)
    return [(error.code, error.key) for error in caught.value.errors]


def test_sound_words_pass_as_they_are():
    words = ["model=lenet", "optimizer.lr=3e-4", "seed=3"]
    assert check(*words) == words


def test_a_users_file_that_would_never_be_read_is_refused(user_tree):
    ours = (conf_dir() / "model" / "vit.yaml").read_text()
    tree = user_tree(model__mine="defaults: [lenet, _self_]\nname: mine\n")
    (tree / "model" / "vit.yaml").write_text(ours)
    assert check("model=mine", tree=tree) == ["model=mine"]
    (tree / "model" / "vit.yaml").write_text(ours + "# deeper\n")
    with pytest.raises(ConfigError, match=r"hidden_file.*own model/vit.yaml would be read.*such as model/my_vit.yaml"):
        check("model=mine", tree=tree)


def test_an_empty_output_folder_is_not_the_current_one():
    for word in ("output_dir=", "output_dir=' '"):
        assert ("config.empty_value", "output_dir") in codes("model=lenet", word)
    assert check("model=lenet", "output_dir=null") == ["model=lenet", "output_dir=null"]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("data.sep=;", ";"),
        ('data.quote="', '"'),
        ("data.columns.label=Größe", "Größe"),
        ("data.file=/srv/Bücher 😀/a#1.csv", "/srv/Bücher 😀/a#1.csv"),
        ("data.file=~/texts/a.csv", "/srv/ada/texts/a.csv"),
    ],
)
def test_characters_that_hydra_lacks_need_no_quotes(word, value, monkeypatch):
    monkeypatch.setenv("HOME", "/srv/ada")
    [override] = parse([word]).overrides
    assert override.value() == value
    [checked] = check("task=text_classification", "data=csv", "data.file=x.csv", word)[3:]
    assert parse([checked]).overrides[0].value() == value


@pytest.mark.parametrize(
    "pattern", [r"(\d+)_\d+\.png", r"^[a-z]{1,2}(?P<who>\w+)$", r"it's (\d", r"a\\", r"\'", "a,b", "(", "(a b)", "null"]
)
def test_a_regular_expression_needs_no_quotes_but_the_shells(pattern):
    word = f"data.split.group_from={pattern}"
    [override] = parse([word]).overrides
    assert override.value() == (None if pattern == "null" else pattern)
    [checked] = check("data=image_folder", "data.path=x", word)[2:]
    assert parse([checked]).overrides[0].value() == override.value()
    quoted = f"data.split.group_from='{pattern}'"
    assert "'" in pattern or "\\" in pattern or parse([quoted]).overrides[0].value() == pattern


@pytest.mark.parametrize("word", ["a=Größe,x", "a=[Größe]", "größe=1", "~a=ö", "a=it's ö"])
def test_such_characters_beside_hydras_own_signs_are_told_how_to_quote(word):
    [error] = parse([word]).errors
    assert error.code == "config.unreadable"
    [again] = shlex.split(error.next_step.removeprefix("if it is text, quote it: "))
    assert again == '{}="{}"'.format(*word.split("=", 1))


def test_everything_wrong_is_told_at_once():
    found = codes("model=resnett", "trainer.max_epoch=3", "seed=-1", "optimizer.lr=0", "a=[1,", "2]", "foo")
    assert ("config.unknown_option", "model") in found
    assert ("config.unknown_key", "trainer.max_epoch") in found
    assert ("config.out_of_range", "seed") in found
    assert ("config.out_of_range", "optimizer.lr") in found
    assert ("config.shell", "a") in found
    assert ("config.not_an_override", "foo") in found
    assert len(found) == 6


def test_no_advice_ever_says_plus():
    with pytest.raises(ErrorGroup) as caught:
        check("trainer.max_epoch=3", "+task.metrc=x", "++model.nett.a=1", "~optimizer.momentm", "seeds=3")
    assert len(caught.value.errors) == 5
    assert not any("+" in (error.next_step or "") + (error.allowed or "") for error in caught.value.errors)


def test_an_argument_that_no_file_mentions_is_added_for_the_user():
    assert check("optimizer=adamw", "optimizer.amsgrad=true") == ["optimizer=adamw", "++optimizer.amsgrad=true"]
    assert check("+optimizer.lr=0.1") == ["++optimizer.lr=0.1"]


def test_an_argument_that_the_data_decides_cannot_be_set():
    assert codes("model.net.in_channels=3") == [("config.unknown_key", "model.net.in_channels")]


def test_a_key_of_one_model_is_missed_in_the_other_of_a_sweep():
    found = codes("model=vit,resnet", "model.net.heads=2", multirun=True)
    assert found == [("config.unknown_key", "model.net.heads")]


def test_each_choice_of_a_long_sweep_is_checked_once():
    found = codes("seed=range(0,40)", "optimizer.lr=1e-3,1e-4,-1", "model=lenet,vit,mlpp", multirun=True)
    assert sorted(found) == [("config.out_of_range", "optimizer.lr"), ("config.unknown_option", "model")]


def test_a_hundred_thousand_jobs_need_a_yes():
    sweep = ("seed=range(0,1000)", "optimizer.weight_decay=range(0,1,0.01)")
    assert codes(*sweep, multirun=True) == [("config.sweep_too_large", "-m")]
    assert check(*sweep, "yes=true", multirun=True)[-1] == "++yes=true"


@pytest.mark.parametrize(("word", "size"), [("seed=range(0,100000)", 100_000), ("seed=range(5,0)", 0), ("a=1,2,3", 3)])
def test_sweeps_are_counted_without_listing_them(word, size):
    assert sweep_size(parse([word]).overrides[0]) == size


def test_few_jobs_are_checked_in_full_and_many_choice_by_choice():
    few = parse(["a=1,2", "b=3,4"]).overrides
    assert jobs_to_check(few) == [["a=1", "b=3"], ["a=1", "b=4"], ["a=2", "b=3"], ["a=2", "b=4"]]
    many = parse(["a=1,2,3,4", "b=1,2,3,4"]).overrides
    assert len(jobs_to_check(many)) == 1 + 3 + 3


def test_a_misspelt_field_of_a_users_data_file_is_found(user_tree):
    tree = user_tree(data__mine="defaults: [image_folder, _self_]\nname: mine\npath: here\nimage_sise: 32\n")
    assert codes("data=mine", tree=tree) == [("config.unknown_key", "data.image_sise")]


def test_a_misspelt_argument_of_a_users_model_file_is_found(user_tree):
    tree = user_tree(
        model__mine="""
        name: mine
        family: cnn
        contract: ImageBackbone
        paper: none
        net: {_target_: bakeoff.models.cnn.lenet.LeNet, widht: 2}
        knobs: [{arg: wide, minimum: 1, maximum: 2, step: 1}]
        """
    )
    assert codes("model=mine", tree=tree) == [
        ("config.unknown_key", "model.net.widht"),
        ("config.unknown_key", "model.knobs.0.arg"),
    ]


def test_a_users_files_are_refused_for_what_they_name_or_refer_to(user_tree):
    tree = user_tree(
        model__shell="name: s\nfamily: cnn\ncontract: ImageBackbone\npaper: p\n"
        "net: {_target_: os.system, command: ls}\n",
        experiment__typo="# @package _global_\nseeed: 3\ntrainer: {max_epochs: '${trainer.max_epoch}'}\n",
        data__broken="name: [unclosed\n",
    )
    assert codes("model=shell", tree=tree) == [("config.target_not_allowed", "model.net._target_")]
    found = codes("experiment=typo", tree=tree)
    assert ("config.unknown_key", "seeed") in found
    assert ("config.bad_interpolation", "trainer.max_epochs") in found
    [(code, key)] = codes("data=broken", tree=tree)
    assert (code, key.rpartition("/")[2]) == ("config.bad_yaml", "broken.yaml:2")


def test_a_users_own_model_composes_as_a_section(user_tree):
    tree = user_tree(model__mine="defaults: [lenet, _self_]\nname: mine\npaper: ${model.name} et al.\n")
    use_trees(Composer(config_dir=tree).folders)
    try:
        assert compose_section("model", "mine")["paper"] == "mine et al."
        with pytest.raises(ConfigError, match="allowed: mine, "):
            compose_section("model", "mines")
    finally:
        use_trees([])


def test_a_contender_is_checked_like_a_model():
    entry = "contenders=[vit,{model: vit, dept: 3},resnett,{depth: 3},{model: vit, optimizer: {lrr: 1}}]"
    assert codes(entry, pipeline="compare") == [
        ("config.unknown_key", "contenders.1.dept"),
        ("config.unknown_option", "contenders.2"),
        ("config.missing_value", "contenders.3.model"),
        ("config.unknown_key", "contenders.4.optimizer.lrr"),
    ]


def test_a_model_of_another_contract_is_refused_with_those_that_fit(user_tree):
    tree = user_tree(model__seq="defaults: [gru, _self_]\nname: seq\n")
    with pytest.raises(ErrorGroup, match=r"allowed: .*resnet") as caught:
        check("model=seq", tree=tree)
    assert caught.value.errors[0].code == "config.model_misfit"
    assert codes("contenders=[vit,seq]", pipeline="compare", tree=tree) == [("config.model_misfit", "contenders.1")]


def test_data_of_another_kind_is_refused_with_what_reads_the_same_files_for_the_task():
    with pytest.raises(ErrorGroup, match=r"config\.data_misfit.*next: data=coco_masks") as caught:
        check("task=semantic_segmentation", "data=coco", "data.folder=cats")
    assert len(caught.value.errors) == 1


def test_incomplete_configurations_can_still_be_shown():
    assert codes("data=image_folder") == [("config.missing_value", "data.path")]
    assert check("data=image_folder", validating=False) == ["data=image_folder"]


def test_the_data_of_a_saved_run_can_be_changed_freely():
    words = check("run=here", "data.path=there", pipeline="evaluate")
    assert words == ["run=here", "++data.path=there"]


def test_validation_of_a_composed_configuration_is_the_same_check():
    cfg = Composer().compose("train", ["model=lenet"]).cfg
    assert validate(cfg, "train") == []
    cfg.trainer.max_epochs = 0
    cfg.task.metric = "acuracy"
    cfg.trainer.monitor = "val/acc"
    assert {error.key for error in validate(cfg, "train")} == {"trainer.max_epochs", "task.metric", "trainer.monitor"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("trainer.max_epoch", "trainer.max_epochs"),
        ("optimizer.learning_rate", "optimizer.lr"),
        ("trainer.lr", "optimizer.lr"),
        ("data.batchsize", "data.batch_size"),
        ("epochs", "trainer.max_epochs"),
        ("modle", "model"),
    ],
)
def test_the_nearest_key_is_the_one_that_was_meant(typed, meant):
    keys = [
        "trainer.max_epochs",
        "trainer.devices",
        "optimizer.lr",
        "optimizer.betas",
        "data.batch_size",
        "model",
        "seed",
    ]
    assert nearest_keys(typed, keys)[0] == meant


def test_an_experiment_of_another_pipeline_names_the_pipeline():
    with pytest.raises(ErrorGroup) as caught:
        check("experiment=tweets", pipeline="train")
    budget = next(error for error in caught.value.errors if error.key == "budget")
    assert "bakeoff compare" in str(budget)


@pytest.mark.parametrize(
    ("words", "pipeline", "told"),
    [
        (["model=[linear,lenet]"], "train", "-m model=linear,lenet runs each"),
        (["model=[lenet,vit]"], "compare", "contenders=[lenet,vit]"),
        (["augment=[light,none]"], "compare", "-m augment=light,none runs each"),
    ],
)
def test_a_group_takes_one_of_its_files(words, pipeline, told):
    with pytest.raises(ErrorGroup) as caught:
        check(*words, pipeline=pipeline)
    assert [(error.code, error.next_step) for error in caught.value.errors] == [("config.wrong_type", told)]


@pytest.mark.parametrize("section", ["model", "data", "trainer", "optimizer"])
def test_a_section_that_a_pipeline_needs_cannot_be_left_out(section):
    assert ("config.missing_value", section) in codes(f"~{section}")


@pytest.mark.parametrize(
    ("key", "target", "kind"),
    [
        ("model.net", "torch.nn.Linear", "ImageBackbone"),
        ("model.net", "bakeoff.models.rnn.recurrent.Recurrent", "ImageBackbone"),
        ("model.net", "bakeoff.tracking.settings.Tracking", "ImageBackbone"),
        ("optimizer", "torch.nn.Linear", "Optimizer"),
        ("scheduler", "torch.optim.AdamW", "Schedule"),
        ("data.module.source", "bakeoff.data.image.classified.ClassifiedImages", "Source"),
        ("task.module", "bakeoff.models.cnn.lenet.LeNet", "Task"),
        ("trainer", "bakeoff.comparison.running.executor.LocalExecutor", "TrainerSettings"),
    ],
)
def test_a_class_of_another_kind_is_refused_before_it_is_built(key, target, kind):
    with pytest.raises(ErrorGroup) as caught:
        check(f"{key}._target_={target}")
    found = {(error.code, error.key): error.problem for error in caught.value.errors}
    assert found["config.wrong_target", f"{key}._target_"] == f"is no {kind}"


@pytest.mark.parametrize("name", ["__main__", "a-b", "my package", "own..code"])
def test_what_is_no_package_is_not_allowed_code(name):
    assert codes(f"allow_code=['{name}']") == [("config.allow_code", "allow_code")]
