"""Attributions against what they are defined by: sums, a map by hand, and the weights that another library tells."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import transformers
from torch import Tensor, nn

from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.series.spec import SeriesSpec
from bakeoff.data.text.spec import LabelledTextSpec
from bakeoff.insight.attributions import attention_rollout, attributions, grad_cam, integrated_gradients
from bakeoff.insight.rollout import CaughtAttention, rollout
from bakeoff.models.cnn.lenet import LeNet
from bakeoff.models.cnn.resnet import ResNet
from bakeoff.models.cnn.tcn import TCN
from bakeoff.models.cnn.text_cnn import TextCNN
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.models.transformer.vit import ViT
from bakeoff.tasks.forecasting.task import Forecasting
from bakeoff.tasks.image_classification.task import ImageClassification
from bakeoff.tasks.text_classification.task import TextClassification

COUNTS = {"name": "made", "fingerprint": "f", "split_fingerprint": "s", "num_train": 3, "num_val": 1, "num_test": 4}
IMAGES = ImageClassification(
    spec=ImageSpec(**COUNTS, channels=3, height=8, width=8, class_names=("a", "b", "c"), mean=(0,) * 3, std=(1,) * 3)
)
VOCABULARY = {"kind": "word", "words": [f"w{number}" for number in range(20)]}


def spec_of(cls: type, **changes: object):
    """A spec of which only what is named matters."""
    needed = {f.name: () for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING}
    return cls(**(needed | COUNTS | changes))


TEXTS = TextClassification(
    spec=spec_of(LabelledTextSpec, tokenizer={}, vocab_size=24, class_names=("a", "b"), max_length=9, typical_length=5)
)
WINDOW, HORIZON = 12, 3
SERIES = Forecasting(
    spec=spec_of(
        SeriesSpec,
        window=WINDOW,
        horizon=HORIZON,
        season=1,
        num_channels=2,
        num_known=0,
        features={"known": (), "past": (), "static": ()},
    )
)
TOKENS = torch.tensor([[5, 6, 7, 8, 9, 0, 0], [3, 4, 5, 6, 7, 8, 9]])


@pytest.fixture(autouse=True)
def same_weights() -> None:
    torch.manual_seed(0)


def image_net(cls: type, **arguments: object) -> nn.Module:
    return IMAGES.network(lambda **own: cls(**own, **arguments)).eval()


def resnet() -> nn.Module:
    return image_net(ResNet, width=0.0625, blocks=(1, 1))


def text_net(cls: type, **arguments: object) -> nn.Module:
    return TEXTS.network(lambda **own: cls(**own, width=8, **arguments), embedding_width=6).eval()


def series_net(cls: type, **task: object) -> nn.Module:
    return SERIES.network(lambda **own: cls(**own, width=8), **task).eval()


def windows() -> tuple[Tensor, Tensor]:
    values_BL = torch.randn(2, WINDOW)
    missing_BL = torch.zeros(2, WINDOW)
    missing_BL[0, :4], values_BL[0, :4] = 1, 0
    return torch.stack([values_BL, missing_BL], dim=-1), torch.ones(2, 2)


CASES = {
    "resnet": (IMAGES, resnet, lambda: torch.randn(2, 3, 8, 8)),
    "vit": (IMAGES, lambda: image_net(ViT, width=8, heads=2, depth=2), lambda: torch.randn(2, 3, 8, 8)),
    "text_cnn": (TEXTS, lambda: text_net(TextCNN), lambda: TOKENS),
    "gru": (TEXTS, lambda: text_net(Recurrent, cell="gru"), lambda: TOKENS),
    "transformer": (TEXTS, lambda: text_net(Transformer, heads=2, depth=2), lambda: TOKENS),
    "forecasting tcn": (SERIES, lambda: series_net(TCN), windows),
    "forecasting transformer": (SERIES, lambda: series_net(Transformer, patch=3), windows),
}


@pytest.fixture(params=CASES)
def explained_net(request):
    task, make, inputs = CASES[request.param]
    net = make()
    return net, task.explained(net, inputs())


def test_integrated_gradients_sum_to_what_the_features_change(explained_net) -> None:
    """Completeness, axiom 1 of Sundararajan et al. 2017; padding and missing steps have no share."""
    net, explained = explained_net
    shares_BP = integrated_gradients(net, explained)
    assert shares_BP.shape == explained.real_BP.shape
    assert (shares_BP[~explained.real_BP] == 0).all()
    with torch.no_grad():
        whole_B, blank_B = (explained.driven(part, *explained.others) for part in (explained.features, explained.blank))
    torch.testing.assert_close(shares_BP.flatten(1).sum(dim=1), whole_B - blank_B, atol=0.02, rtol=0.02)


def test_an_attribution_is_what_it_would_be_of_the_example_alone(explained_net) -> None:
    net, explained = explained_net
    shares = attributions(net, explained)
    alone = {
        "features": explained.features[1:],
        "blank": explained.blank[1:],
        "real_BP": explained.real_BP[1:],
        "others": tuple(other[1:] for other in explained.others),
    }
    for name, own_BP in attributions(net, dataclasses.replace(explained, **alone)).items():
        torch.testing.assert_close(own_BP, shares[name][1:], atol=1e-5, rtol=1e-4)


def test_networks_have_the_attributions_that_they_can() -> None:
    found = {}
    for name, (task, make, inputs) in CASES.items():
        net = make()
        found[name] = set(attributions(net, task.explained(net, inputs()))) - {"integrated gradients", "saliency"}
    cam, flow = "Grad-CAM", "attention rollout"
    assert found == {
        "resnet": {cam},
        "vit": {cam, flow},
        "text_cnn": set(),
        "gru": set(),
        "transformer": {flow},
        "forecasting tcn": set(),
        "forecasting transformer": {flow},
    }


def test_grad_cam_before_a_mean_and_a_linear_head_is_the_class_activation_map() -> None:
    """Selvaraju et al. 2017, section 3.1: then the gradients are the head's weights (Zhou et al. 2016)."""
    net, images = resnet(), torch.randn(4, 3, 8, 8)
    cam_BHW = grad_cam(net, IMAGES.explained(net, images))
    with torch.no_grad():
        map_BDhw, said_B = net.backbone(images)[-1], net(images).argmax(dim=1)
        expected = torch.einsum("bdhw,bd->bhw", map_BDhw, net.head.weight[said_B]).relu() / map_BDhw[0, 0].numel()
    expected = nn.functional.interpolate(expected[:, None], size=(8, 8), mode="bilinear")[:, 0]
    torch.testing.assert_close(cam_BHW, expected)


def test_a_map_of_a_single_place_tells_nothing() -> None:
    net = image_net(LeNet)
    assert grad_cam(net, IMAGES.explained(net, torch.randn(2, 3, 8, 8))) is None


def test_rollout_of_two_layers_by_hand() -> None:
    first, second = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    # with as much of each step itself: [[1/2, 1/2], [0, 1]], then [[1, 0], [1/2, 1/2]] of those
    torch.testing.assert_close(rollout([first, second]), torch.tensor([[[0.5, 0.5], [0.25, 0.75]]]))


def test_the_weights_that_are_caught_are_those_that_transformers_tells() -> None:
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    told, fused = (
        transformers.BertModel(transformers.BertConfig(vocab_size=24, attn_implementation=kind, **sizes)).eval()
        for kind in ("eager", "sdpa")
    )
    fused.load_state_dict(told.state_dict())
    mask = (TOKENS != 0).long()
    with torch.no_grad():
        expected = told(TOKENS, attention_mask=mask, output_attentions=True).attentions
        with CaughtAttention() as caught:
            fused(TOKENS, attention_mask=mask)
    assert len(caught.weights) == 2
    for own, layer in zip(caught.weights, expected, strict=True):
        real = mask.bool()
        torch.testing.assert_close(own[real], layer.mean(dim=1)[real])


def test_nothing_flows_from_padding_or_from_the_future() -> None:
    net = text_net(Transformer, heads=2, depth=2)
    shares_BT = attention_rollout(net, TEXTS.explained(net, TOKENS))
    torch.testing.assert_close(shares_BT.sum(dim=1), torch.ones(2))
    assert (shares_BT[0, 5:] == 0).all()
    causal = Transformer(width=8, heads=2, depth=2, causal=True).eval()
    with CaughtAttention() as caught, torch.no_grad():
        causal(torch.randn(1, 5, 8))
    assert (rollout(caught.weights).triu(1) == 0).all()
