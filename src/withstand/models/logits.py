"""Networks of Hugging Face Transformers as modules from pixels to scores."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn


class Logits(nn.Module):
    """A model of Transformers that gives its logits alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return cast(Tensor, self.model(pixel_values=images).logits)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What they are called; ``LABEL_0`` and the like are no names."""
        config: Any = self.model.config
        names = [str(config.id2label[at]) for at in sorted(config.id2label)]
        return () if all(name.startswith("LABEL_") for name in names) else tuple(names)


def of_transformers(network: nn.Module) -> bool:
    """Whether it is a model of that library, which gives more than a tensor."""
    return type(network).__module__.startswith("transformers.")
