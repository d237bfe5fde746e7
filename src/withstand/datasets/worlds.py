"""The images of a data set on several backgrounds, where its objects are known apart from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from withstand.backgrounds.worlds import Worlds, wanted_variants
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.datasets import code


def load(config: Config) -> Worlds:
    """The worlds of the configured data set, cut to its limit and to the variants that are wanted.

    Raises:
        UserError: the data set has no foregrounds that are known apart from their backgrounds, or its files are wrong.
    """
    module = code(config.dataset.name)
    if not hasattr(module, "worlds"):
        raise UserError(
            f"dataset={config.dataset.name}: its objects are not known apart from their backgrounds; take"
            " dataset=imagenet9 or dataset=shapes, or make a set of your own with experiment=make_backgrounds"
        )
    wanted = wanted_variants(config.background.variants)
    found: Worlds = replace(module.worlds(config, wanted), name=config.dataset.label)
    limit = config.dataset.test_limit
    if limit is None or limit == len(found):
        return found
    if limit > len(found):
        raise UserError(f"dataset.test_limit={limit:,} is more than the {len(found):,} foregrounds there are")
    return found.only(np.sort(np.random.default_rng(config.image_seed).permutation(len(found))[:limit]))
