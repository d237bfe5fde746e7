"""One test image under every corruption at every severity, as a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from withstand import datasets
from withstand.base import atomic
from withstand.base.console import say
from withstand.config.schema import Config
from withstand.corruptions import corrupt
from withstand.corruptions.names import chosen
from withstand.report import contact_sheet
from withstand.shifts.corruption.sources import preset_for

USES = ("shift",)


def run(config: Config, overrides: list[str]) -> int:
    shift, dataset = config.shift, datasets.load(config)
    names = chosen(shift.corruptions)
    one = dataset.test.take(slice(0, 1))
    preset = preset_for(shift, one)
    cells = {
        name: np.concatenate(
            [
                corrupt(one.images, name, s, seed=shift.seed, ids=one.ids, preset=preset)
                for s in shift.severities
            ]
        )
        for name in names
    }
    sheet = contact_sheet.draw(one.images[0], cells, shift.severities)
    path = Path(config.paths.reports) / dataset.name / "contact_sheet.png"
    with atomic.replacing(path) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
    say(f"{path}: image {one.ids[0]} of {dataset.name} under {len(names)} corruptions")
    return 0
