"""Segmenter's mask Transformer against the paper's equations, written out.

B batch, H height, W width, T patches, N class tokens, D model width.
"""

import pytest
import torch

from bakeoff.models.transformer.mask_transformer import MaskTransformer


def make(**settings: object) -> MaskTransformer:
    torch.manual_seed(0)
    sizes = {"width": 8, "depth": 1, "decoder_depth": 1, "tokens": 3, "heads": 2, "patch_size": 2}
    return MaskTransformer(in_channels=1, image_size=(4, 6), **{**sizes, **settings}).eval()


def test_a_mask_is_the_cosine_of_patch_and_token_normalised_over_tokens() -> None:
    model, images_BCHW = make(), torch.randn(2, 1, 4, 6)
    with torch.no_grad():
        (masks_BNhw,) = model(images_BCHW)
        patches_BTD = model.encoder(images_BCHW)[0].flatten(2).transpose(1, 2)
        together_BSD = model.decoder(torch.cat([model.tokens_ND.repeat(2, 1, 1), patches_BTD], dim=1))
    assert masks_BNhw.shape == (2, 3, 2, 3)
    for example in range(2):
        for place in range(6):
            patch_D = together_BSD[example, 3 + place]
            cosines_N = torch.stack(
                [torch.cosine_similarity(patch_D, together_BSD[example, n], dim=0) for n in range(3)]
            )
            expected_N = (cosines_N - cosines_N.mean()) / (cosines_N.var(correction=0) + 1e-5).sqrt()
            torch.testing.assert_close(masks_BNhw[example, :, place // 3, place % 3], expected_N, atol=1e-4, rtol=1e-4)


def test_tokens_look_at_all_patches_and_patches_at_tokens() -> None:
    """One token's start changes every mask, and one patch's pixels change what is drawn everywhere."""
    model, images_BCHW = make(), torch.zeros(1, 1, 4, 6)
    with torch.no_grad():
        (before_BNhw,) = model(images_BCHW)
        images_BCHW[0, 0, 0, 0] = 5.0
        (other_patch_BNhw,) = model(images_BCHW)
        model.tokens_ND[1, 0] += 1.0
        (other_token_BNhw,) = model(images_BCHW)
    assert (before_BNhw != other_patch_BNhw).all()
    assert (other_patch_BNhw != other_token_BNhw).all()


def test_one_token_is_refused() -> None:
    with pytest.raises(ValueError, match="tokens must be at least 2, since masks are normalised over them; got 1"):
        make(tokens=1)
