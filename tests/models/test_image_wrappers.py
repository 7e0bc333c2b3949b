"""timm and torchvision as backbones: their own numbers, local weights, and what goes wrong in one line."""

from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from bakeoff.errors import CheckpointError, ConfigError, EnvironmentFault
from bakeoff.models.contracts import ImageTooSmall
from bakeoff.models.wrappers.timm_backbone import TimmBackbone
from bakeoff.models.wrappers.torchvision_backbone import TorchvisionBackbone

timm = pytest.importorskip("timm")
models = pytest.importorskip("torchvision.models")
SIZE = {"in_channels": 3, "image_size": (64, 64)}


def images(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def timm_file(tmp_path: Path) -> tuple[torch.nn.Module, str]:
    """A whole timm network and the file of its weights."""
    torch.manual_seed(0)
    network = timm.create_model("test_resnet").eval()
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    return network, str(tmp_path / "weights.safetensors")


def test_timm_with_local_weights_gives_timms_features(timm_file) -> None:
    network, path = timm_file
    model = TimmBackbone(**SIZE, name="test_resnet", weights=path).eval()
    images_BCHW = images(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(model(images_BCHW)[-1], network.forward_features(images_BCHW))


def test_timm_sums_the_first_convolution_for_grey_images(timm_file) -> None:
    network, path = timm_file
    model = TimmBackbone(in_channels=1, image_size=(64, 64), name="test_resnet", weights=path).eval()
    grey_B1HW = images(2, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            model(grey_B1HW)[-1], network.forward_features(grey_B1HW.expand(-1, 3, -1, -1)), atol=1e-5, rtol=1e-4
        )


def test_timm_vision_transformer_lays_its_normalised_tokens_out_as_a_map() -> None:
    torch.manual_seed(0)
    model = TimmBackbone(in_channels=1, image_size=(64, 48), name="test_vit", family="transformer").eval()
    images_BCHW = images(2, 1, 64, 48)
    with torch.no_grad():
        (map_BDHW,) = model(images_BCHW)
        tokens_BND = model.model.forward_features(images_BCHW)
    assert map_BDHW.shape == (2, 64, 4, 3)
    assert model.stage_strides == (16,)
    torch.testing.assert_close(map_BDHW[:, :, 1, 2], tokens_BND[:, 1 + 1 * 3 + 2])


def test_a_transformer_is_not_entered_for_another_family() -> None:
    with pytest.raises(ConfigError, match=r"model\.family=transformer"):
        TimmBackbone(**SIZE, name="test_vit", family="cnn")


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "mobilenet_v3_small", "squeezenet1_1", "regnet_y_400mf"])
def test_torchvision_pooled_and_classified_is_torchvision(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = models.get_model(name).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    model = TorchvisionBackbone(**SIZE, name=name, weights=str(tmp_path / "weights.pt")).eval()
    images_BCHW = images(2, 3, 64, 64)
    with torch.no_grad():
        last_BCHW = model(images_BCHW)[-1]
        pooled_BC = last_BCHW.mean((2, 3))
        if name == "squeezenet1_1":
            ours = network.classifier(last_BCHW).flatten(1)
        else:
            ours = (network.fc if hasattr(network, "fc") else network.classifier)(pooled_BC)
        torch.testing.assert_close(ours, network(images_BCHW), atol=1e-4, rtol=1e-4)


def test_torchvision_declares_one_stage_a_resolution() -> None:
    model = TorchvisionBackbone(in_channels=1, image_size=(64, 48), name="resnet18")
    assert model.stage_channels == (64, 64, 128, 256, 512)
    assert model.stage_strides == (2, 4, 8, 16, 32)
    assert [tuple(map_BCHW.shape[2:]) for map_BCHW in model(images(2, 1, 64, 48))][-1] == (2, 2)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="resnet18") as caught:
        TimmBackbone(**SIZE, name="rsnet18")
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match=r"mobilenet_v3_small.*model=timm"):
        TorchvisionBackbone(**SIZE, name="mobilnet_v3_small")


def test_pretrained_without_a_network_says_so_in_one_line(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    def unreachable(*args: object, **kwargs: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.setattr("torch.hub.urlopen", unreachable)
    for make in (TimmBackbone, TorchvisionBackbone):
        with pytest.raises(EnvironmentFault, match="pretrained=false") as caught:
            make(**SIZE, name="resnet18", pretrained=True)
        assert caught.value.code == "env.offline"
        assert caught.value.exit_code == 4
        assert "\n" not in caught.value.line()


def test_weights_of_another_architecture_are_refused_with_the_first_differences(timm_file) -> None:
    _, path = timm_file
    with pytest.raises(CheckpointError, match=r"conv1\.weight .*and \d+ more") as caught:
        TimmBackbone(**SIZE, name="resnet18", weights=path)
    assert caught.value.code == "checkpoint.mismatch"
    with pytest.raises(CheckpointError, match="another architecture"):
        TorchvisionBackbone(**SIZE, name="resnet18", weights=path)


class Unsafe:
    """Not a tensor."""


@pytest.mark.parametrize("content", [b"", b"half a file", Unsafe(), {"epoch": 3}])
def test_files_that_hold_no_weights_are_refused(content: object, tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    with pytest.raises(CheckpointError) as caught:
        TorchvisionBackbone(**SIZE, name="squeezenet1_1", weights=str(file))
    assert caught.value.code == "checkpoint.unreadable"
    assert caught.value.exit_code == 5


def test_a_missing_file_is_named_with_its_absolute_path(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=str(tmp_path / "none.safetensors")):
        TimmBackbone(**SIZE, name="test_resnet", weights="none.safetensors")


def test_an_image_that_the_architecture_reduces_to_nothing_is_refused() -> None:
    with pytest.raises(ImageTooSmall, match="8x8"):
        TorchvisionBackbone(in_channels=1, image_size=(8, 8), name="alexnet")
    with pytest.raises(ImageTooSmall, match="8x8"):
        TimmBackbone(in_channels=1, image_size=(8, 8), name="test_vit", family="transformer")
