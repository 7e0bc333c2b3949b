"""Stem and pooling of text tasks, against values worked by hand."""

import pytest
import torch

from bakeoff.tasks.tokens import Pool, TokenHead, TokenStem, padding_mask

ENCODED_BTD = torch.tensor([[[1.0, -2.0], [3.0, 0.0], [99.0, 99.0]], [[5.0, 1.0], [0.0, 0.0], [1.0, -4.0]]])
MASK_BT = torch.tensor([[False, False, True], [False, False, False]])


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("mean", [[2.0, -1.0], [2.0, -1.0]]),
        ("max", [[3.0, 0.0], [5.0, 1.0]]),
        ("mean_max", [[2.0, -1.0, 3.0, 0.0], [2.0, -1.0, 5.0, 1.0]]),
        ("last", [[3.0, 0.0], [1.0, -4.0]]),
    ],
)
def test_pooling_is_over_real_steps(pooling, expected):
    pool = Pool(pooling, width=2)
    found_BD = pool(ENCODED_BTD, MASK_BT)
    assert found_BD.tolist() == expected
    assert found_BD.shape[1] == pool.out_features


def test_no_mask_means_that_all_steps_are_real():
    assert Pool("last", width=2)(ENCODED_BTD, None).tolist() == [[99.0, 99.0], [1.0, -4.0]]


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="pooling must be one of mean, max, mean_max, last; got 'sum'"):
        Pool("sum", width=2)  # type: ignore[arg-type]


def test_padding_is_embedded_as_nothing_and_masked():
    stem = TokenStem(vocab_size=9, embedding_width=3, width=5)
    tokens_BT = torch.tensor([[4, 5, 0]])
    assert padding_mask(tokens_BT).tolist() == [[False, False, True]]
    assert torch.equal(stem(tokens_BT)[0, 2], stem.project.bias)
    assert padding_mask(tokens_BT.to("meta")) is None


def test_embedded_tokens_reach_the_model_with_a_variance_of_about_one():
    torch.manual_seed(0)
    stem = TokenStem(vocab_size=500, embedding_width=64, width=128)
    assert 0.8 < stem(torch.arange(4, 500)[None]).var().item() < 1.2


def test_logits_are_products_with_the_stems_own_table():
    torch.manual_seed(0)
    stem = TokenStem(vocab_size=7, embedding_width=3, width=4)
    head = TokenHead(stem)
    x_BTD = torch.randn(2, 3, 4)
    logits_BTV = head(x_BTD, stem.embedding.weight)
    expected = torch.einsum("btd,ed,ve->btv", x_BTD, head.project.weight, stem.embedding.weight)
    expected = expected + head.project.bias @ stem.embedding.weight.T + head.bias
    torch.testing.assert_close(logits_BTV, expected)
