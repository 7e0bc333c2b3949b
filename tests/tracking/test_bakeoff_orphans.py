"""Soon after a command was ended, no run is marked RUNNING and no process is left; how soon, `interrupted` measures."""

import pytest

from tests.tracking.interrupted import COMMANDS, interrupt

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("how", "code"), [("Ctrl-C", 130), ("SIGTERM", 143), ("kill -9", -9)])
def test_soon_after_the_end_of_a_command_no_run_is_running_and_no_process_is_left(
    tmp_path, store_uri, command, how, code
):
    ended = interrupt(command, how, folder=tmp_path, uri=store_uri)
    assert ended.left == []
    assert set(ended.statuses) == {"KILLED"}
    assert ended.code == code
