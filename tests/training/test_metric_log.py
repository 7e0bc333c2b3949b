"""The metric log can be read whatever a crash did to its end."""

from bakeoff.training.loop.metric_log import read_log


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "val/accuracy": 0.5}\n{"step": 2, "val/acc')
    assert read_log(path) == [{"step": 1, "val/accuracy": 0.5}]


def test_no_log_is_an_empty_log(tmp_path):
    assert read_log(tmp_path / "metrics.jsonl") == []
