"""Where runs are tracked is settled before anything is trained."""

from importlib.metadata import EntryPoint

import pytest

from bakeoff.commands.sweeping import prepare
from bakeoff.commands.sync import run
from bakeoff.errors import ConfigError
from bakeoff.sweep.study import url
from bakeoff.tracking.settings import Tracking


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (
            "localhost:5000",
            "tracking.uri=localhost:5000: is no address of a tracker; .*next: tracking.uri=http://localhost:5000",
        ),
        ("me:hunter2@host", "tracking.uri=host: is no address"),
        ("sqlite://runs.db", "is no address of a tracker; allowed: .*sqlite:///FILE.db"),
        ("", "is no address"),
        ("http://host:99999", "is no address"),
        ("http://[host", "is no address"),
        ("./mlruns", "keeps no runs in plain folders"),
        ("file:///runs", "keeps no runs in plain folders"),
        ("ftp://host/runs", "is no address of a tracker"),
        ("azureml://x/y", "is no address of a tracker"),
    ],
)
def test_what_is_no_tracker_is_refused_at_once(uri, told):
    with pytest.raises(ConfigError, match=told):
        Tracking(uri=uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5000",
        "https://me:secret@host/mlflow",
        "postgresql+psycopg2://me@host/runs",
        "mysql://host:3306/runs",
        "databricks",
        "databricks://profile",
        "uc://catalog",
    ],
)
def test_other_trackers_are_left_to_mlflow(uri, tmp_path):
    assert Tracking(uri=uri).store(tmp_path) == uri


def test_a_tracker_that_a_package_brings_is_left_to_it(monkeypatch):
    found = [EntryPoint("azureml", "azureml.mlflow:store", "mlflow.tracking_store")]
    monkeypatch.setattr("bakeoff.tracking.settings.entry_points", lambda group: found)
    assert Tracking(uri="azureml://x/y").uri == "azureml://x/y"


@pytest.mark.parametrize("name", ["runs?", "a?b", "a%20b", "100%25"])
def test_a_database_lies_where_its_address_says_or_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    for address in (Tracking().store, url):
        with pytest.raises(ConfigError, match=r"config\.bad_path\] output_dir=.*its address can't hold"):
            address(tmp_path / name)
    with pytest.raises(ConfigError, match=r"config\.bad_path\] tracking.uri="):
        Tracking(uri=f"sqlite:///{tmp_path / name}/runs.db").store(tmp_path)
    assert Tracking(uri="http://127.0.0.1:5000").store(tmp_path / name) == "http://127.0.0.1:5000"
    for other in ("\u00fc #1 a=b;c[x]'q", "100%"):
        assert Tracking().store(tmp_path / other) == f"sqlite:///{tmp_path / other}/mlflow.db"


def test_sync_names_the_address_that_it_was_given(tmp_path):
    with pytest.raises(ConfigError, match=r"tracking.uri=localhost:5000"):
        run([str(tmp_path), "--uri", "localhost:5000"])


def test_without_tracking_any_folder_will_do(tmp_path, monkeypatch):
    monkeypatch.setattr("atexit.register", lambda *_: None)
    off = {"_target_": "bakeoff.tracking.settings.Tracking", "enabled": False}
    prepare({"tracking": off, "output_dir": str(tmp_path / "a?b")})
    with pytest.raises(ConfigError, match="its address can't hold"):
        prepare({"tracking": off | {"enabled": True}, "output_dir": str(tmp_path / "a?b")})
