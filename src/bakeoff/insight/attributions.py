"""Attributions: how much each place of an input speaks for what a network says of it.

Each is a function of a network and what of it is explained, ``(B, P)``: higher is more; None where the network has no
such thing. What is not real stays 0.

B batch, P places, D width, T steps of the attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from captum.attr import IntegratedGradients, LayerGradCam, Saliency
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.insight.rollout import rolled_out
from bakeoff.tasks.explained import Explained

Attribution: TypeAlias = Callable[[nn.Module, Explained], Tensor | None]

PATH_STEPS = 32
_ROWS_AT_ONCE = 256


def integrated_gradients(net: nn.Module, explained: Explained) -> Tensor:
    """Gradients along the straight path from blank features, times the way (Sundararajan et al. 2017,
    arXiv:1703.01365).

    Places sum to the difference between what is said of the features and of blank ones; some speak against it.
    """
    found = IntegratedGradients(explained.driven).attribute(
        explained.features,
        baselines=explained.blank,
        additional_forward_args=explained.others,
        n_steps=PATH_STEPS,
        internal_batch_size=max(_ROWS_AT_ONCE, len(explained.features)),
    )
    return explained.over_places(found)


def saliency(net: nn.Module, explained: Explained) -> Tensor:
    """The size of the gradient (Simonyan et al. 2014, arXiv:1312.6034); never below 0."""
    features = explained.features.clone().requires_grad_()
    found = Saliency(explained.driven).attribute(features, additional_forward_args=explained.others)
    return explained.over_places(found)


def grad_cam(net: nn.Module, explained: Explained) -> Tensor | None:
    """The last map, its channels weighed by their mean gradients (Selvaraju et al. 2017, arXiv:1610.02391); never
    below 0.

    None of networks whose last map is a single place.
    """
    if explained.last_map is None:
        return None
    cam = LayerGradCam(explained.driven, explained.last_map)
    found_B1P = cam.attribute(explained.features, additional_forward_args=explained.others, relu_attributions=True)
    if found_B1P[0].numel() == 1:
        return None
    return spread(found_B1P[:, 0].detach(), explained.real_BP)


def attention_rollout(net: nn.Module, explained: Explained) -> Tensor | None:
    """What attention passes on from each place to the last layer; see `rollout`."""
    with torch.no_grad():
        return rolled_out(explained)


def spread(map_Bp: Tensor, real_BP: Tensor) -> Tensor:
    """A coarse map over as many places as there are, in between them linearly."""
    if map_Bp.shape != real_BP.shape:
        mode = "bilinear" if real_BP.ndim == 3 else "linear"
        map_Bp = F.interpolate(map_Bp[:, None], size=real_BP.shape[1:], mode=mode, align_corners=False)[:, 0]
    return map_Bp * real_BP


ATTRIBUTIONS: Mapping[str, Attribution] = {
    "integrated gradients": integrated_gradients,
    "saliency": saliency,
    "Grad-CAM": grad_cam,
    "attention rollout": attention_rollout,
}
"""By the name that tables and pictures have of it."""


def attributions(net: nn.Module, explained: Explained) -> dict[str, Tensor]:
    """Of every kind that the network has, ``(B, P)``."""
    with torch.backends.cudnn.flags(enabled=False):  # its recurrent layers have gradients in training only
        found = {name: attribution(net, explained) for name, attribution in ATTRIBUTIONS.items()}
    return {name: own_BP.detach() for name, own_BP in found.items() if own_BP is not None}
