"""A store is made whole or not at all, and one that is away is noticed within seconds."""

import socket
import sqlite3
import sys
import time
from contextlib import closing

import psutil
import pytest
from mlflow import MlflowClient

from bakeoff.config.processes import Process, this_host
from bakeoff.tracking import database
from bakeoff.tracking.database import prepare_database
from bakeoff.tracking.log_tail import LogTail
from bakeoff.tracking.server import PROBE_SECONDS, StoreUnreachable, probe
from bakeoff.tracking.store import Store, owner_of, owner_tags


def test_a_migration_that_was_killed_in_its_middle_leaves_nothing_in_the_way(tmp_path):
    broken = tmp_path / ".mlflow.db.making"
    with sqlite3.connect(broken) as connection:
        connection.execute("CREATE TABLE jobs (id INTEGER)")
    prepare_database(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert Store(f"sqlite:///{tmp_path / 'mlflow.db'}", "e", tmp_path / "artifacts").experiment_id
    assert not broken.exists()


def columns_and_rows(file):
    """Of each table; the order of what a CHECK allows is another in each migration."""
    with closing(sqlite3.connect(file)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        read = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
        return read, {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_a_new_database_is_what_mlflow_itself_makes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uris = [f"sqlite:///{tmp_path / name}" for name in ("ours.db", "theirs.db")]
    prepare_database(uris[0])
    MlflowClient(tracking_uri=uris[1]).search_experiments(max_results=1)
    (ours, our_rows), (theirs, their_rows) = (columns_and_rows(tmp_path / name) for name in ("ours.db", "theirs.db"))
    assert ours == theirs
    (number, name, place, stage, made, changed, *rest), made_by_mlflow = (
        rows.pop("experiments")[0] for rows in (our_rows, their_rows)
    )
    assert (number, name, place, stage, *rest) == (*made_by_mlflow[:4], *made_by_mlflow[6:])
    assert 0 <= made_by_mlflow[4] - made < 600_000 and changed == made
    assert our_rows == their_rows


def test_the_migration_is_made_once(tmp_path, monkeypatch):
    prepare_database(f"sqlite:///{tmp_path / 'first.db'}")
    monkeypatch.setattr(database, "_migrate", lambda making: pytest.fail("migrated again"))
    prepare_database(f"sqlite:///{tmp_path / 'second.db'}")
    assert Store(f"sqlite:///{tmp_path / 'second.db'}", "e", tmp_path / "artifacts").experiment_id


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "file"))
    prepare_database(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert Store(f"sqlite:///{tmp_path / 'mlflow.db'}", "e", tmp_path / "artifacts").experiment_id


def test_a_server_that_is_away_is_noticed_at_once(tmp_path):
    with pytest.raises(StoreUnreachable, match="does not answer"):
        Store("http://127.0.0.1:9", "x", tmp_path)


def test_a_server_that_listens_and_says_nothing_is_away_within_five_seconds():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        with pytest.raises(StoreUnreachable, match="timed out"):
            probe(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - started < PROBE_SECONDS


def test_the_password_is_not_in_what_is_said_of_a_server_that_is_away():
    with pytest.raises(StoreUnreachable) as caught:
        probe("http://me:hunter2@127.0.0.1:9")
    assert "hunter2" not in str(caught.value)


def test_a_process_is_gone_when_another_one_has_its_number():
    this = Process.this()
    assert not this.gone
    assert Process(this.host, this.pid, this.started - 100).gone
    assert Process(this_host(), 2**22 + 1, this.started).gone
    assert not Process("elsewhere", 2**22 + 1, this.started).gone, "nothing is known of another machine's processes"
    assert owner_of(owner_tags(this)) == this


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the start of a process is no matter of the boot")
def test_a_process_is_not_gone_when_the_clock_is_set(monkeypatch):
    this, booted = Process.this(), psutil.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: booted + 3600)
    assert not this.gone
    assert not owner_of(owner_tags(this)).gone
    assert Process(this.host, this.pid, this.started - 100, this.since_boot - 100).gone


def test_only_whole_new_lines_of_a_log_are_read_and_a_shorter_file_in_its_place_is_noticed(tmp_path):
    path = tmp_path / "log.jsonl"
    tail = LogTail(path)
    assert tail.after(0) == []
    path.write_text('{"a": 1}\n{"a": 2}\n{"a"')
    assert tail.after(0) == [{"a": 1}, {"a": 2}]
    with path.open("a") as file:
        file.write(": 3}\n")
    assert tail.after(2) == [{"a": 3}]
    assert tail.after(3) == []
    assert tail.after(1) == [{"a": 2}, {"a": 3}], "what could not be sent is read again"
    shorter = tmp_path / "new"
    shorter.write_text('{"a": 1}\n{"a": 2}\n{"a": 3}\n{"a": 4}\n')
    shorter.replace(path)
    assert tail.after(3) == [{"a": 4}]


def test_a_line_that_a_full_disk_cut_off_is_left_out_and_the_others_are_counted(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2, "b{"a": 3}\n\0\xff\n7\n\n{"a": 4}\n')
    tail = LogTail(path)
    assert tail.after(0) == [{"a": 1}, {"a": 4}]
    with path.open("a") as file:
        file.write('{"a": 5}\n')
    assert tail.after(2) == [{"a": 5}]
    assert LogTail(path).after(1) == [{"a": 4}, {"a": 5}]
