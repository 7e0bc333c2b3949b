"""The console: help, list, explain, doctor and ui."""

from __future__ import annotations

import http.server
import io
import signal
import socket
import sqlite3
import subprocess
import sys
import threading

import pytest
from packaging.requirements import Requirement

import bakeoff
from bakeoff.cli import COMMANDS, PIPELINES, main
from bakeoff.commands import doctor, ui
from bakeoff.config import conf_dir
from bakeoff.config.catalog import Catalog, notes
from bakeoff.errors import BakeoffError, EnvironmentFault


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    """Runs a command in an empty folder and returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        main(words)
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("task.direction=minimize",), "config.contradiction"),
        (("task=translation", "task.metric=chrf"), "config.unknown_metric"),
    ],
)
def test_no_training_keeps_its_worst_weights_or_selects_by_what_validation_lacks(words, code, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", *words, f"output_dir={tmp_path}/run"])
    assert stop.value.code == 2
    assert f"error[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_help_names_every_pipeline_and_command(say):
    page = say("--help")
    assert all(f"bakeoff {name}" in page for name in [*PIPELINES, *COMMANDS])
    assert say() == page
    assert say("--version").split() == ["bakeoff", bakeoff.__version__]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipelines_help_shows_choices_and_examples_in_one_screen(pipeline, say):
    page = say(pipeline, "--help")
    assert f"bakeoff {pipeline} " in page
    assert len(page.splitlines()) < 60
    if pipeline in ("train", "compare"):
        assert all(name in page for name in Catalog().options("model"))
    assert say(pipeline, "--version").split() == ["bakeoff", bakeoff.__version__]


def test_list_models_gives_family_and_paper(say):
    table = say("list", "models")
    for name in Catalog().options("model"):
        assert f"\n {name} " in table
    assert "He et al." in table
    assert "transformer" in table


@pytest.mark.parametrize("word", ["data", "tasks", "optimizers", "model", "budgets"])
def test_list_takes_groups_in_singular_and_plural(word, say):
    assert len(say("list", word).splitlines()) > 3


def test_list_shows_a_users_own_files(say, tmp_path):
    (tmp_path / "my" / "model").mkdir(parents=True)
    (tmp_path / "my" / "model" / "mine.yaml").write_text("# My own net.\ndefaults: [lenet, _self_]\nname: mine\n")
    table = say("list", "models", "--config-dir", "my")
    assert "My own net." in table
    assert "cnn" in next(line for line in table.splitlines() if "mine" in line)


def test_list_alone_names_the_groups(say):
    assert all(group in say("list") for group in Catalog().groups())


def test_the_help_of_predict_has_a_word_for_texts(say):
    page = say("predict", "--help")
    assert "input=reviews.csv column=body" in page
    assert """'text="a prompt"' task.predict.num_tokens=100""" in page


@pytest.mark.parametrize("words", ["train --help", "train --version"])
def test_a_reader_who_had_enough_is_no_error(words):
    command = f"{sys.executable} -m bakeoff.cli {words} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_explain_a_key_gives_value_meaning_type_default_and_place(say):
    page = say("explain", "optimizer.lr", "optimizer=adamw")
    place = notes(conf_dir() / "optimizer" / "adamw.yaml")["lr"].line
    assert page.startswith("optimizer.lr = 0.003")
    assert "learning rate" in page
    assert "float" in page
    assert "0.001 (of torch.optim.AdamW)" in page
    assert f"conf/optimizer/adamw.yaml:{place}" in page
    assert "bakeoff train optimizer=adamw optimizer.lr=" in page


def test_explain_says_when_the_command_line_decides(say):
    page = say("explain", "optimizer.lr", "optimizer.lr=0.5")
    assert "optimizer.lr = 0.5" in page
    assert "the command line" in page


def test_explain_follows_a_data_key_to_what_reads_it(say):
    page = say("explain", "data.batch_size")
    assert "int" in page
    assert "ClassifiedImages" in page


def test_explain_knows_arguments_that_no_file_mentions(say):
    page = say("explain", "optimizer.amsgrad", "optimizer=adamw")
    assert "AMSGrad" in page
    assert "no file mentions it" in page


def test_explain_knows_keys_of_other_pipelines(say):
    assert "bakeoff compare contenders=" in say("explain", "contenders")
    assert "finished run" in say("explain", "run")


def test_explain_knows_keys_of_other_tasks_and_how_to_set_them(say):
    assert "change it  bakeoff train task=image_captioning task.module.beams=1" in say("explain", "task.module.beams")
    assert "change it  bakeoff train data=csv data.encoding=utf-8" in say("explain", "data.encoding", "data=csv")
    assert "change it  bakeoff train optimizer.lr=0.5" in say("explain", "optimizer.lr", "optimizer.lr=0.5")


def test_explain_a_data_set_shows_the_keys_of_its_sections_and_what_it_inherits(say):
    page = " ".join(say("explain", "csv").split())
    assert "data.columns.text null any the column of texts" in page
    assert "data.tokenizer.min_count 1 int rarer words or characters are unknown" in page
    assert page.index("data.file") < page.index("data.max_length 256 int tokens of a text that are used")


def test_explain_an_experiment_shows_what_it_sets(say):
    page = " ".join(say("explain", "shapes_segmentation").split())
    assert "task.contenders [unet,reseg,segformer] list" in page
    assert "trainer.max_epochs 12 int" in page


def test_explain_a_group_and_a_model(say):
    group = say("explain", "model")
    assert all(name in group for name in Catalog().options("model"))
    assert "model=NAME" in group
    model = say("explain", "vit")
    assert "Dosovitskiy" in model
    assert "model.net.depth" in model
    assert "model=vit" in model


def test_doctor_passes_on_a_machine_that_runs_these_tests(say):
    table = say("doctor", "--offline")
    assert "broken" not in table
    assert all(word in table for word in ("torch device", "cores", "memory", "disk", "data cache", "MLflow store"))


def test_doctor_says_what_is_broken_and_ends_with_4(say, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "writable", lambda path: False)
    with pytest.raises(SystemExit) as stop:
        say("doctor", "--offline")
    assert stop.value.code == 4
    assert "MLflow store" in capsys.readouterr().err


def test_doctor_sees_a_store_that_is_no_database(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database at all, however long it may be" * 10)
    assert doctor._store(tmp_path).status == "broken"
    (tmp_path / "good").mkdir()
    sqlite3.connect(tmp_path / "good" / "mlflow.db").close()
    assert doctor._store(tmp_path / "good").status == "ok"


def test_doctor_tells_missing_and_wrong_versions():
    assert "not installed" in doctor.requirement_state(Requirement("no-such-package-here>=1"))
    assert ">=9999 is needed" in doctor.requirement_state(Requirement("rich>=9999"))
    assert "needed" not in doctor.requirement_state(Requirement("rich>=1"))


def test_doctor_waits_two_seconds_at_most_for_the_hub(monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        finding = doctor.hub(timeout_s=0.3)
    assert finding.status == "note"
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *words: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    assert doctor.hub().status == "ok"
    server.shutdown()
    server.server_close()


def test_ui_finds_the_store_from_a_folder_or_a_run_below_it(tmp_path):
    store = tmp_path / "mlflow.db"
    (tmp_path / "run").mkdir()
    store.touch()
    assert ui.find_store(tmp_path) == ui.find_store(tmp_path / "run") == ui.find_store(store) == store.resolve()


def test_ui_without_a_store_says_where_it_looked(say, capsys, tmp_path):
    with pytest.raises(SystemExit) as stop:
        say("ui")
    assert stop.value.code == 4
    assert f"there is no mlflow.db in {tmp_path / 'outputs'}" in capsys.readouterr().err


class Ended:
    """A server process that ended at once."""

    pid = 2**22 + 1

    def wait(self):
        return 0


def test_ui_serves_this_machine_only_with_one_worker(tmp_path, monkeypatch):
    (tmp_path / "mlflow.db").touch()
    started = []
    monkeypatch.setattr(
        ui.subprocess, "Popen", lambda command, **options: started.append((command, options)) or Ended()
    )
    before = signal.getsignal(signal.SIGTERM)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ui.run([str(tmp_path), "--port", str(port)])
    signal.signal(signal.SIGTERM, before)
    [(command, options)] = started
    words = " ".join(command)
    assert f"sqlite:///{tmp_path / 'mlflow.db'} --host 127.0.0.1 --port {port} --workers 1" in words
    assert options["env"]["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert options["env"]["PYTHONSAFEPATH"] == "1", "a queue.py in the current folder is no module of Python"


def test_ui_refuses_a_port_that_is_taken(tmp_path):
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EnvironmentFault, match="next: bakeoff ui --port"):
            ui.run([str(tmp_path), "--port", str(taken.getsockname()[1])])


def test_every_command_has_help_and_refuses_unknown_flags(say):
    for name in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            say(name, "--help")
        assert stop.value.code == 0
        with pytest.raises(SystemExit) as stop:
            say(name, "--no-such-flag")
        assert stop.value.code == 2


def test_the_installed_script_is_this_console():
    done = subprocess.run(
        [sys.executable, "-m", "bakeoff.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["bakeoff", bakeoff.__version__]
    assert issubclass(EnvironmentFault, BakeoffError)


@pytest.mark.parametrize(("ends", "code"), [("sys.exit(3)", 3), ("pass", 0), ("raise ValueError", 1)])
def test_a_program_ends_with_its_code_and_after_its_last_words(ends, code):
    lines = [
        "import atexit, sys",
        "from bakeoff import cli",
        "def main(words):",
        "    atexit.register(print, 'last words')",
    ]
    program = "\n".join([*lines, f"    {ends}", "cli.main = main", "cli.program()"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (code, "last words\n")
    assert ("ValueError" in done.stderr) == (code == 1)


def test_a_reader_that_has_had_enough_is_no_error(monkeypatch):
    def nobody_reads(name, rest):
        raise BrokenPipeError

    monkeypatch.setattr("bakeoff.cli._run_command", nobody_reads)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with pytest.raises(SystemExit, match="141"):
        bakeoff.cli.main(["explain", "vit"])
    assert sys.stderr.closed
