"""What exporters get wrong in silence is found, and what they leave behind is not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from bakeoff.data.probes.spec import ProbeSpec
from bakeoff.delivery import graph
from bakeoff.delivery.graph import NotExportable, write_graph
from bakeoff.delivery.onnx_network import OnnxNetwork
from bakeoff.delivery.quantised import quantise
from bakeoff.models.rnn.linear_recurrence import linear_recurrence
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.tasks.sequence_probe.network import ProbeNetwork
from bakeoff.tasks.tokens import TokenStem

SPEC = ProbeSpec(
    name="made",
    fingerprint="f",
    split_fingerprint="s",
    num_train=9,
    num_val=9,
    num_test=9,
    channels=0,
    vocab_size=7,
    num_classes=3,
    every_step=False,
    sequence_length=11,
)
NUMBERS = dataclasses.replace(SPEC, channels=2, vocab_size=0)


def probe(backbone: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    stem = TokenStem(vocab_size=7, embedding_width=4, width=8)
    return ProbeNetwork(backbone, stem=stem, spec=SPEC).eval()


class Fixed(nn.Module):
    """Right for two rows alone."""

    def forward(self, x_BTC: Tensor) -> Tensor:
        return x_BTC.sum(dim=(1, 2)) + torch.arange(len(x_BTC) if not torch.jit.is_tracing() else 2)


class Unstable(nn.Module):
    """Says something else whenever it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x_BTC: Tensor) -> Tensor:
        with torch.no_grad():
            self.scale += 1
        return x_BTC.sum(dim=(1, 2)) * self.scale.item()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("causal", [True, False])
def test_recurrent_networks_keep_batch_and_length_free(cell: str, causal: bool, tmp_path: Path) -> None:
    net = probe(Recurrent(width=8, cell=cell, causal=causal, dropout=0.3))
    found = write_graph(net, SPEC, tmp_path / "model.onnx")
    assert found.exporter == "torchscript"
    assert found.asked_with == (((5, 10),), ((1, 11),))
    assert found.difference < 1e-5


def test_padding_in_front_and_between_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    net = probe(Recurrent(width=8, cell="gru"))
    write_graph(net, SPEC, tmp_path / "model.onnx")
    tokens_BT = torch.tensor([[0, 0, 3, 0, 4, 5], [2, 0, 0, 6, 1, 0], [1, 2, 3, 4, 5, 6]])
    with torch.no_grad():
        torch.testing.assert_close(OnnxNetwork(tmp_path / "model.onnx")(tokens_BT), net(tokens_BT), atol=1e-5, rtol=0)


@pytest.mark.slow  # contract tests export one of each task by either exporter
def test_a_transformer_is_made_by_the_newer_exporter_and_no_empty_file_stays(tmp_path: Path) -> None:
    net = probe(Transformer(width=8, depth=1, heads=2))
    assert write_graph(net, SPEC, tmp_path / "model.onnx").exporter == "dynamo"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    model = onnx.load(tmp_path / "model.onnx")
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == graph.OPSET
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert model.graph.input[0].type.tensor_type.shape.dim[1].dim_param


def test_what_is_right_at_one_batch_size_alone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "_exporters", lambda net: ["torchscript"])
    with pytest.raises(NotExportable, match="torchscript: "):
        write_graph(Fixed(), NUMBERS, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_another_answer_is_refused_with_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setattr(graph, "_exporters", lambda net: ["torchscript"])
    with pytest.raises(NotExportable, match=r"torchscript: an output is \d\.\de[+-]\d+ from torch's"):
        write_graph(Unstable(), NUMBERS, tmp_path / "model.onnx")
    assert capfd.readouterr() == ("", "")


def test_a_drawn_recurrence_is_the_one_of_training() -> None:
    class Scan(nn.Module):
        def forward(self, decay_BTH: Tensor, added_BTH: Tensor) -> Tensor:
            return linear_recurrence(decay_BTH.sigmoid(), added_BTH)

    generator = torch.Generator().manual_seed(0)
    made, asked = (torch.randn(2, 3, length, 4, generator=generator) for length in (5, 77))
    drawn = torch.jit.trace(Scan(), (made[0], made[1]), check_trace=False)
    torch.testing.assert_close(drawn(asked[0], asked[1]), Scan()(asked[0], asked[1]), atol=1e-6, rtol=1e-5)


def test_weights_of_one_byte_reach_matrices_and_lstm_but_no_gru(tmp_path: Path) -> None:
    found = {}
    for cell in ("lstm", "gru"):
        write_graph(probe(Recurrent(width=8, cell=cell)), SPEC, tmp_path / f"{cell}.onnx")
        found[cell] = quantise(tmp_path / f"{cell}.onnx", tmp_path / f"{cell}.int8.onnx")
    assert found["lstm"].changed["LSTM"] == 4 and "LSTM" not in found["lstm"].left
    assert "GRU" not in found["gru"].changed and found["gru"].left["GRU"] == 4


def test_nothing_to_make_small_is_refused(tmp_path: Path) -> None:
    class Sum(nn.Module):
        def forward(self, x_BTC: Tensor) -> Tensor:
            return x_BTC.sum(dim=(1, 2))

    write_graph(Sum(), NUMBERS, tmp_path / "model.onnx")
    with pytest.raises(NotExportable, match="nothing in it can be computed in whole numbers"):
        quantise(tmp_path / "model.onnx", tmp_path / "small.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_what_is_masked_alike_differs_by_nothing_and_no_number_by_everything() -> None:
    masked = torch.tensor([1.0, -torch.inf])
    assert graph._difference(masked, masked.clone()) == 0.0
    assert graph._difference(torch.tensor([1.5, -torch.inf]), masked) == 0.5
    assert graph._difference(torch.tensor([torch.nan, 0.0]), masked) == float("inf")
