"""Any architecture of timm, by its name.

Source: Wightman 2019, PyTorch image models, doi:10.5281/zenodo.4414861; each architecture's paper is named in timm.

B batch, C channels, H height, W width, N tokens, D token width.
"""

from __future__ import annotations

import contextlib
from typing import Any, Literal

from einops import rearrange
from torch import Tensor, nn

from bakeoff.errors import ConfigError
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.wrappers.measuring import measured_maps
from bakeoff.models.wrappers.weights import check_architecture, check_fit, hub_errors, imported_library, read_weights

Family = Literal["cnn", "rnn", "transformer", "baseline"]
TRANSFORMERS = ("vit_", "deit", "swin", "beit", "eva", "cait", "xcit", "pit_", "twins", "flexivit", "test_vit")


class TimmBackbone(ImageBackbone):
    """An architecture of timm (Wightman 2019): its feature pyramid or, for token models, its last tokens as a map.

    Activation and width are the architecture's own.

    Args:
        in_channels: channels of the image.
        image_size: height and width in pixels; vision transformers are built for it.
        name: timm's name, such as resnet18, vit_tiny_patch16_224 or resnet18.a1_in1k.
        family: the family it contends for; checked where the name tells.
        pretrained: start from the weights on the hub; the first convolution is adapted to ``in_channels``.
        weights: start from a local file of the whole timm model's weights (``.safetensors``, or a state dict).

    Raises:
        ConfigError: timm has no such architecture, or it is of another family.
        EnvironmentFault: timm is not installed, or the hub can't be reached.
        CheckpointError: the file is missing, unreadable, or of another architecture.
        ImageTooSmall: the architecture leaves nothing of the image.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        name: str,
        family: Family = "cnn",
        pretrained: bool = False,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        timm = imported_library("timm", extra="vision")
        check_architecture(name.split(".")[0], timm.list_models(), library="timm")
        _check_family(name, family)
        options: dict[str, Any] = {"in_chans": in_channels, "pretrained": pretrained or weights is not None}
        if weights is not None:
            tensors = read_weights(weights)
            published = _create(name, image_size=image_size, num_classes=0)
            check_fit(tensors, published, path=weights, ignored=_classifiers(published))
            options["pretrained_cfg_overlay"] = {"state_dict": tensors}
        with hub_errors(name, library="timm") if pretrained and weights is None else contextlib.nullcontext():
            self.model, self.is_pyramid = _pyramid_or_tokens(name, image_size=image_size, options=options)
        self._declare_stages(name, in_channels=in_channels, image_size=image_size)

    def _declare_stages(self, name: str, *, in_channels: int, image_size: tuple[int, int]) -> None:
        model: Any = self.model
        if self.is_pyramid:
            self.stage_channels = tuple(model.feature_info.channels())
            self.stage_strides = tuple(model.feature_info.reduction())
        else:
            self.stage_channels = (model.num_features,)
            self.stage_strides = (model.feature_info[-1]["reduction"],)
        maps = measured_maps(self, in_channels=in_channels, image_size=image_size, name=name)
        assert tuple(map_BCHW.shape[1] for map_BCHW in maps) == self.stage_channels

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The maps of timm's pyramid, coarsest last; of a token model, the one map of its last tokens."""
        model: Any = self.model
        if self.is_pyramid:
            return [
                _channels_first(map_, channels)
                for map_, channels in zip(model(images_BCHW), self.stage_channels, strict=True)
            ]
        features = model.forward_features(images_BCHW)
        if features.ndim == 4:
            return [_channels_first(features, self.stage_channels[-1])]
        patches_BND = features[:, getattr(model, "num_prefix_tokens", 0) :]
        embedding = model.patch_embed if hasattr(model, "patch_embed") else model.stem
        rows = embedding.grid_size[0]
        return [rearrange(patches_BND, "b (h w) d -> b d h w", h=rows).contiguous()]


def _create(name: str, *, image_size: tuple[int, int], **options: object) -> nn.Module:
    """The model for that image size, where the architecture depends on it."""
    timm = imported_library("timm", extra="vision")
    try:
        return timm.create_model(name, img_size=image_size, **options)
    except TypeError:
        return timm.create_model(name, **options)


def _pyramid_or_tokens(name: str, *, image_size: tuple[int, int], options: dict[str, Any]) -> tuple[nn.Module, bool]:
    """The model, and whether it gives a feature pyramid; otherwise `forward_features` is what to call."""
    try:
        model = _create(name, image_size=image_size, features_only=True, **options)
        if type(model).__name__ != "FeatureGetterNet":
            return model, True
    except (RuntimeError, AssertionError, AttributeError) as error:
        if isinstance(error, OSError):
            raise
    # timm's getter would leave out the final normalisation of a vision transformer.
    return _create(name, image_size=image_size, num_classes=0, global_pool="", **options), False


def _channels_first(map_: Tensor, channels: int) -> Tensor:
    """``(B, H, W, C)``, as the Swin family has it, or ``(B, C, H, W)`` to ``(B, C, H, W)``."""
    if map_.shape[1] != channels and map_.shape[-1] == channels:
        return rearrange(map_, "b h w c -> b c h w").contiguous()
    return map_


def _classifiers(model: nn.Module) -> tuple[str, ...]:
    """The names under which a published file holds the classifier that this package replaces."""
    settings: Any = model.pretrained_cfg
    classifier = settings["classifier"]
    return (classifier,) if isinstance(classifier, str) else tuple(classifier)


def _check_family(name: str, family: Family) -> None:
    if name.startswith(TRANSFORMERS) and family != "transformer":
        raise ConfigError(
            "config.family",
            "model.family",
            family,
            f"{name} is a transformer",
            next_step="model.family=transformer",
        )
