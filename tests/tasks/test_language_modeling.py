"""Reading streams, bits and generation, against whole forward passes and sums by hand."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases
from bakeoff.data.text.spec import END, PAD, START, UNKNOWN, TextStreamSpec
from bakeoff.errors import ConfigError
from bakeoff.models.cnn.gated_conv import GatedConv
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.statistics import pseudo_values
from bakeoff.tables import column, table_of
from bakeoff.tasks.language_modeling import scores
from bakeoff.tasks.language_modeling.generation import Sampling, continue_text, draw, generate
from bakeoff.tasks.language_modeling.network import LanguageModel
from bakeoff.tasks.language_modeling.streams import StreamReader
from bakeoff.tasks.language_modeling.task import LanguageModeling
from bakeoff.training.loop.module import TrainingModule

VOCAB = 12
SPEC = TextStreamSpec(
    name="made",
    fingerprint="f",
    split_fingerprint="s",
    num_train=4,
    num_val=1,
    num_test=2,
    tokenizer={"kind": "byte"},
    vocab_size=VOCAB,
    sequence_length=8,
    bytes_per_token=2.0,
)


def network(kind="gru"):
    torch.manual_seed(0)
    if kind == "gru":
        backbone = Recurrent(width=10, causal=True, cell="gru", depth=1)
    else:
        backbone = Transformer(width=8, causal=True, depth=2, heads=2, positions="rotary")
    return LanguageModel(backbone, vocab_size=VOCAB, embedding_width=6).eval()


def module(kind="gru"):
    task, constant = LanguageModeling(spec=SPEC), lambda progress: 1.0
    return TrainingModule(task=task, net=network(kind), optimizer=torch.optim.Adam, schedule=constant)


def tokens(rows, length, seed=0):
    return torch.randint(4, VOCAB, (rows, length), generator=torch.Generator().manual_seed(seed))


def test_a_carried_state_reads_pieces_as_the_whole():
    net, tokens_BT = network(), tokens(3, 12)
    reader = StreamReader()
    with torch.no_grad():
        pieces = [reader.read(net, piece) for piece in tokens_BT.split(4, dim=1)]
        torch.testing.assert_close(torch.cat(pieces, dim=1), net(tokens_BT))


def test_without_a_state_the_piece_before_is_the_context():
    net, tokens_BT = network("transformer"), tokens(2, 12)
    reader = StreamReader()
    with torch.no_grad():
        pieces = [reader.read(net, piece) for piece in tokens_BT.split(4, dim=1)]
        torch.testing.assert_close(pieces[0], net(tokens_BT[:, :4]))
        torch.testing.assert_close(pieces[1], net(tokens_BT[:, :8])[:, 4:])
        torch.testing.assert_close(pieces[2], net(tokens_BT[:, 4:])[:, 4:])


@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_bits_of_documents_are_the_sums_over_their_tokens(kind):
    net, task = network(kind), LanguageModeling(spec=SPEC)
    tokens_BT = tokens(1, 8)
    targets_BT = torch.cat([tokens_BT[:, 1:], torch.tensor([[UNKNOWN]])], dim=1)
    documents_BT = torch.tensor([[0, 0, 0, -1, 1, 1, 1, 1]])
    loader = [tuple(part[:, start : start + 4] for part in (tokens_BT, targets_BT, documents_BT)) for start in (0, 4)]
    with torch.no_grad():
        bits_N = column(task.respond_to_all(net, loader), "bits")
        log_BTV = torch.log_softmax(net(tokens_BT), dim=-1)
    nats_T = -log_BTV[0].gather(1, targets_BT[0][:, None])[:, 0].double()
    assert bits_N[0] == pytest.approx(nats_T[:3].sum().item() / math.log(2), rel=1e-5)
    assert bits_N[1] == pytest.approx(nats_T[4:].sum().item() / math.log(2) + 21, rel=1e-5)


def test_bits_per_byte_is_a_ratio_of_sums_and_its_pseudo_values_those_of_documents():
    bits_N, bytes_N = np.array([10.0, 90.0, 33.0]), np.array([5, 30, 20])
    answers, labels = table_of(bits=bits_N), table_of(bytes=bytes_N)
    assert scores.summarise(answers, labels) == {"bits_per_byte": pytest.approx(133 / 55)}
    found = scores.score_examples(answers, labels, "bits_per_byte")
    assert found == pytest.approx(pseudo_values(lambda rows: bits_N[rows].sum() / bytes_N[rows].sum(), 3))
    train = Cases(["a", "b", "c"], labels, ["", "", ""])
    trivial = LanguageModeling(spec=SPEC).trivial(train, ["", "", ""])
    assert scores.summarise(trivial, labels) == {"bits_per_byte": pytest.approx(8.0)}


def test_metrics_derive_from_the_loss():
    task = module()
    task._collection("val")["loss"].update(torch.tensor(math.log(8.0)), torch.tensor(3))
    values = task.take_metrics("val")
    assert values["val/perplexity"] == pytest.approx(8.0, rel=1e-5)
    assert values["val/bits_per_byte"] == pytest.approx(1.5, rel=1e-5)


def test_in_training_the_state_goes_from_batch_to_batch_without_its_graph():
    task = module().train()
    first_BT, second_BT = tokens(2, 4), tokens(2, 4, seed=1)
    task(first_BT)
    continued_BTV = task(second_BT)
    alone_BTV = task.net(second_BT)
    assert not torch.allclose(continued_BTV[:, 0], alone_BTV[:, 0])
    whole_BTV = task.net(torch.cat([first_BT, second_BT], dim=1))
    torch.testing.assert_close(continued_BTV, whole_BTV[:, 4:])
    task.on_train_epoch_start()
    torch.testing.assert_close(task(second_BT), alone_BTV)


@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_validation_reads_its_streams_from_their_beginning(kind):
    task, tokens_BT = module(kind).eval(), tokens(3, 4)
    with torch.no_grad():
        expected_BTV = task.net(tokens_BT)
        task(tokens(2, 4, seed=1))
        task.on_validation_epoch_start()
        torch.testing.assert_close(task(tokens_BT), expected_BTV)


def test_padding_is_no_target():
    task = LanguageModeling(spec=SPEC)
    logits_BTV, targets_BT = torch.randn(1, 3, VOCAB), torch.tensor([[5, PAD, 7]])
    expected = torch.nn.functional.cross_entropy(logits_BTV[0, [0, 2]], targets_BT[0, [0, 2]])
    batch = Batch(None, targets_BT, 1)
    torch.testing.assert_close(task.loss(logits_BTV, batch, training=True), expected)
    assert task.num_terms(batch) == 2


@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_greedy_generation_takes_the_likeliest_token_of_the_whole_text(kind):
    net, prompt = network(kind), [4, 7, 5]
    drawn = list(generate(net, prompt, num_tokens=6, sampling=Sampling(temperature=0)))
    read = list(prompt)
    with torch.no_grad():
        for token in drawn:
            assert token == int(net(torch.tensor([read]))[0, -1].argmax())
            read.append(token)


def test_beyond_its_context_a_model_without_state_starts_anew_from_the_last_half():
    net = network("transformer")
    drawn = list(generate(net, [4, 7, 5], num_tokens=9, sampling=Sampling(temperature=0), context=6))
    read = [4, 7, 5]
    with torch.no_grad():
        for token in drawn:
            assert token == int(net(torch.tensor([read]))[0, -1].argmax())
            read.append(token)
            if len(read) >= 6:
                read = read[-3:]


def test_a_seed_repeats_what_is_drawn_and_forbidden_tokens_never_are():
    net = network()
    draws = [
        list(generate(net, [4], num_tokens=40, sampling=Sampling(seed=seed), forbidden=(0, 1, 2, 3)))
        for seed in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]
    assert min(draws[0]) >= 4


def test_only_the_likeliest_tokens_are_drawn():
    logits_V = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    generator = torch.Generator().manual_seed(0)
    assert {draw(logits_V, Sampling(top_k=2), generator) for _ in range(200)} == {0, 1}
    assert {draw(logits_V, Sampling(top_p=0.8), generator) for _ in range(200)} == {0, 1}
    assert {draw(logits_V, Sampling(top_p=0.81), generator) for _ in range(400)} == {0, 1, 2}
    assert {draw(logits_V, Sampling(temperature=0), generator) for _ in range(5)} == {0}


def test_no_more_than_k_tokens_are_drawn_of_equally_likely_ones():
    logits_V, generator = torch.tensor([1.0, 2.0, 2.0, 2.0, 0.0]), torch.Generator().manual_seed(0)
    assert len({draw(logits_V, Sampling(top_k=2), generator) for _ in range(200)}) == 2
    likeliest = draw(logits_V, Sampling(temperature=0), generator)
    assert {draw(logits_V, Sampling(top_k=1), generator) for _ in range(50)} == {likeliest}


def test_the_smallest_temperature_takes_the_likeliest_token():
    logits_V, generator = torch.tensor([10.0, 60.0, 20.0]), torch.Generator().manual_seed(0)
    assert {draw(logits_V, Sampling(temperature=1e-300), generator) for _ in range(5)} == {1}


def test_a_text_goes_on_without_tokens_that_stand_for_no_text():
    tokenizer = {"kind": "character", "characters": list("abcdefgh"), "byte_fallback": False}
    spec = dataclasses.replace(SPEC, tokenizer=tokenizer)
    drawn = list(continue_text(network(), "ab", spec, num_tokens=300, sampling=Sampling(temperature=2.0)))
    assert not {PAD, UNKNOWN, START, END} & set(drawn)


def test_temperature_flattens_or_sharpens():
    logits_V = torch.log(torch.tensor([0.8, 0.2]))
    generator = torch.Generator().manual_seed(0)
    share = np.mean([draw(logits_V, Sampling(temperature=0.5), generator) for _ in range(4000)])
    assert share == pytest.approx(0.04 / 0.68, abs=0.02)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1}, {"temperature": math.nan}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}]
)
def test_impossible_sampling_is_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        Sampling(**wrong)


def test_a_checkpoint_keeps_the_carried_state():
    task, other = module().train(), module().train()
    first_BT, second_BT = tokens(2, 4), tokens(2, 4, seed=1)
    expected = (task(first_BT), task(second_BT))[1]
    other(first_BT)
    checkpoint: dict = {}
    other.on_save_checkpoint(checkpoint)
    resumed = module().train()
    resumed.on_load_checkpoint(checkpoint)
    torch.testing.assert_close(resumed(second_BT), expected)


@pytest.mark.parametrize("backbone", [Transformer, GatedConv])
def test_learned_positions_must_reach_as_far_as_the_pieces(backbone):
    def make(max_length):
        return lambda **form: backbone(width=8, depth=1, positions="learned", max_length=max_length, **form)

    LanguageModeling(spec=SPEC).network(make(8))
    with pytest.raises(ConfigError, match=r"model\.net\.max_length=7.*sequence of 8 tokens; allowed: 8 or more"):
        LanguageModeling(spec=SPEC).network(make(7))


def test_a_document_is_scored_in_bits_per_byte_only():
    with pytest.raises(ValueError, match="bits_per_byte only"):
        scores.score_examples(table_of(bits=np.ones(2)), table_of(bytes=np.ones(2)), "perplexity")
