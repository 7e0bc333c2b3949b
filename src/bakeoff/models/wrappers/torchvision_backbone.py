"""Any convolutional classification network of torchvision, by its name.

Source: TorchVision maintainers 2016, TorchVision: PyTorch's computer vision library; each architecture's paper is named
there.

B batch, C channels, H height, W width.

The network is cut before its pooling; its classifier (of VGG and AlexNet: fc6 and fc7 too) makes room for the task's
head.
"""

from __future__ import annotations

from types import ModuleType

import torch
from torch import Tensor, nn
from torch.func import functional_call

from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.wrappers.measuring import evaluated, measured_maps
from bakeoff.models.wrappers.weights import check_architecture, check_fit, hub_errors, imported_library, read_weights

TRANSFORMERS = ("vit_", "swin", "maxvit")
HEADS = ("avgpool", "dropout", "fc", "classifier", "aux1", "aux2", "AuxLogits")
PROBE_SIZE_PX = 256


class TorchvisionBackbone(ImageBackbone):
    """A convolutional network of torchvision (its maintainers 2016): one feature map a resolution.

    Activation and width are the network's own.

    Args:
        name: torchvision's name, such as resnet18 or mobilenet_v3_small.
        pretrained: start from the default ImageNet weights; the first convolution is adapted to ``in_channels``.
        weights: start from a local file of the whole model's weights (``.safetensors``, or a state dict).

    Raises:
        ConfigError: torchvision has no such convolutional network (for transformers, see timm).
        EnvironmentFault: torchvision is not installed, or its server can't be reached.
        CheckpointError: the file is missing, unreadable, or of another architecture.
        ImageTooSmall: the architecture leaves nothing of the image.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        name: str,
        pretrained: bool = False,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        models = imported_library("torchvision.models", extra="vision")
        known = [known for known in models.list_models(module=models) if not known.startswith(TRANSFORMERS)]
        check_architecture(name, known, library="torchvision", otherwise="for transformers model=timm")
        network = _network(models, name, pretrained=pretrained and weights is None)
        for head in HEADS:
            if getattr(network, head, None) is not None:
                setattr(network, head, nn.Identity())
        if weights is not None:
            tensors = read_weights(weights)
            check_fit(tensors, network, path=weights, ignored=HEADS)
            network.load_state_dict(tensors, strict=False)
        if in_channels != 3:
            _adapt_first_convolution(network, in_channels, keep=pretrained or weights is not None)
        layers = _layers(network)
        sizes_and_channels = _probe(layers, in_channels=in_channels)
        sizes = [size for size, _ in sizes_and_channels]
        ends = [index for index in range(len(sizes)) if index + 1 == len(sizes) or sizes[index + 1] < sizes[index]]
        starts = [0, *(end + 1 for end in ends[:-1])]
        self.stages = nn.ModuleList(layers[start : end + 1] for start, end in zip(starts, ends, strict=True))
        self.stage_channels = tuple(sizes_and_channels[end][1] for end in ends)
        self.stage_strides = tuple(_power_of_two(PROBE_SIZE_PX / sizes[end]) for end in ends)
        measured_maps(self, in_channels=in_channels, image_size=image_size, name=name)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The last map of each resolution, coarsest last."""
        return maps_after(self.stages, images_BCHW)


def _network(models: ModuleType, name: str, *, pretrained: bool) -> nn.Module:
    """The network without auxiliary classifiers."""
    if pretrained:
        with hub_errors(name, library="torchvision"):
            network = models.get_model(name, weights="DEFAULT")
        for auxiliary in ("aux1", "aux2", "AuxLogits"):
            if hasattr(network, auxiliary):
                setattr(network, auxiliary, None)
        return network
    if name in ("googlenet", "inception_v3"):
        return models.get_model(name, weights=None, aux_logits=False, init_weights=False)
    return models.get_model(name, weights=None)


def _layers(network: nn.Module) -> nn.Sequential:
    """What comes before the head, in order; every torchvision network defines its layers in the order it runs them."""
    layers: list[nn.Module] = []
    for name, child in network.named_children():
        if name in HEADS:
            continue
        layers += list(child) if isinstance(child, nn.Sequential) else [child]
    if type(network).__name__ == "DenseNet":
        # torchvision applies it as a function, after the last batch normalisation.
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def _adapt_first_convolution(network: nn.Module, in_channels: int, *, keep: bool) -> None:
    """Another number of image channels; trained weights are averaged, scaled to keep the size of the response."""
    name, old = next((name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d))
    new = nn.Conv2d(
        *(in_channels, old.out_channels, old.kernel_size, old.stride, old.padding),  # type: ignore[arg-type]  # 2-tuples
        bias=old.bias is not None,
    )
    if keep:
        with torch.no_grad():
            mean_O1HW = old.weight.mean(1, keepdim=True)
            new.weight.copy_((mean_O1HW * old.in_channels / in_channels).expand_as(new.weight))
            if old.bias is not None and new.bias is not None:
                new.bias.copy_(old.bias)
    network.set_submodule(name, new)


def _probe(layers: nn.Sequential, *, in_channels: int) -> list[tuple[int, int]]:
    """Height and channels after each layer for a large image, found on the meta device, where nothing is computed."""
    found = []
    x_BCHW = torch.empty(1, in_channels, PROBE_SIZE_PX, PROBE_SIZE_PX, device="meta")
    with evaluated(layers):
        for layer in layers:
            state = {name: tensor.to("meta") for name, tensor in layer.state_dict().items()}
            x_BCHW = functional_call(layer, state, (x_BCHW,))
            found.append((x_BCHW.shape[2], x_BCHW.shape[1]))
    return found


def _power_of_two(ratio: float) -> int:
    """The largest power of two up to ``ratio``: unpadded borders make a map slightly smaller than its stride tells."""
    power = 1
    while 2 * power <= ratio:
        power *= 2
    return power
