"""What goes to MLflow keeps its value, its own name and no secret."""

import math

import pytest

from bakeoff.tracking.batches import LARGEST_BATCH, batches, flatten, tracker_name
from bakeoff.tracking.secrets import mask_text, mask_value, without_credentials


def test_nested_settings_become_dotted_names():
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}


def test_everything_of_a_small_run_goes_in_one_call_and_a_large_one_is_portioned():
    (only,) = batches([("a", 1.0, 0, 0)], {"p": 1}, {"t": "x"})
    assert (len(only.metrics), len(only.params), len(only.tags)) == (1, 1, 1)
    metrics = [("a", float(step), 0, step) for step in range(LARGEST_BATCH + 1)]
    portions = list(batches(metrics, {f"p{index}": index for index in range(150)}))
    assert [len(portion.metrics) for portion in portions] == [LARGEST_BATCH, 1]
    assert [len(portion.params) for portion in portions] == [100, 50]
    assert list(batches()) == []


def test_numbers_that_a_tracker_would_change_are_left_out():
    (batch,) = batches([("a", math.inf, 0, 0), ("b", math.nan, 0, 0), ("c", 1.0, 0, 0)])
    assert [metric.key for metric in batch.metrics] == ["c"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [("val/accuracy", "val/accuracy"), ("test/hr@10", "test/hr_at_10"), ("latency_ms/batch_1", "latency_ms/batch_1")],
)
def test_usual_names_stay_readable(name, sent):
    assert tracker_name(name) == sent


def test_names_that_no_tracker_takes_stay_different():
    from mlflow.utils.validation import _validate_metric_name

    names = ["f(1)", "f[1]", "f{1}", "a//b", "a/b", "../x", "/x", "x" * 300, "x" * 301, "résumé", "a:b"]
    sent = [tracker_name(name) for name in names]
    assert len(set(sent)) == len(names)
    for name in sent:
        _validate_metric_name(name)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://me:pw@host:5000/x", "http://***@host:5000/x"),
        ("postgresql+psycopg2://u:p@db/x", "postgresql+psycopg2://***@db/x"),
        ("train data.token=abc model=vit", "train data.token=*** model=vit"),
        ('{"api_key": "abc", "lr": 0.1}', '{"api_key": "***", "lr": 0.1}'),
        ('{"hf_token": "abc"}', '{"hf_token": "***"}'),
        ("https://s3/x?X-Amz-Signature=abc&y=1", "https://s3/x?X-Amz-Signature=***&y=1"),
        ("hf_" + "a" * 34, "***"),
    ],
)
def test_secrets_are_hidden(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        '{"secret": 17, "password": 18}',  # words of a vocabulary
        '{"pad_token": "<pad>", "max_tokens": "5"}',
        "token_dropout=0.1 bytes_per_token=4.2 data.token=null",
        "http://host:5000/a@b",
        '["token", "password"]',
    ],
)
def test_what_only_looks_like_a_secret_stays(text):
    assert mask_text(text) == text


def test_a_parameter_whose_name_says_secret_is_hidden():
    assert mask_value("data.password", "x") == "***"
    assert mask_value("data.password", None) == "None"
    assert mask_value("data.max_tokens", 5) == "5"


def test_a_uri_loses_its_password_and_nothing_else():
    assert without_credentials("http://me:pw@host:5000/x") == "http://host:5000/x"
    assert without_credentials("sqlite:////a/b.db") == "sqlite:////a/b.db"
