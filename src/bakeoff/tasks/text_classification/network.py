"""A backbone with the stem and head that every contender of text classification shares.

B batch, T tokens, D model width, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, TokenBackbone
from bakeoff.tasks.tokens import Pool, Pooling, TokenStem, padding_mask


class TextClassifier(nn.Module):
    """A backbone with the stem and head that every contender shares: embedding, pooling over time, a linear layer."""

    def __init__(
        self, backbone: SequenceBackbone | TokenBackbone, *, stem: TokenStem | None, pooling: Pooling, num_classes: int
    ) -> None:
        super().__init__()
        self.stem = stem
        self.backbone = backbone
        self.pool = Pool(pooling, width=backbone.width)
        self.head = nn.Linear(self.pool.out_features, num_classes)

    @property
    def embedding(self) -> nn.Module:
        """The layer that makes a vector of each token."""
        if self.stem is not None:
            return self.stem.embedding
        assert isinstance(self.backbone, TokenBackbone)
        return self.backbone.embedding

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Logits, shape ``(B, K)``."""
        mask_BT = padding_mask(tokens_BT)
        x = tokens_BT if self.stem is None else self.stem(tokens_BT)
        return self.head(self.pool(self.backbone(x, padding_mask_BT=mask_BT), mask_BT))
