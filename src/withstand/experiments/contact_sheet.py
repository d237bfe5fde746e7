"""One test image under every corruption at every severity, as a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from withstand import datasets
from withstand.base import atomic
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.report import contact_sheet
from withstand.shifts.corruption.asked import asked, by_corruption
from withstand.shifts.corruption.sources import Made

USES = ("shift",)


def run(config: Config, overrides: list[str]) -> int:
    shift, dataset = config.shift, datasets.load(config)
    one = dataset.test.take(slice(0, 1))
    made = Made.of(shift, one)
    cells = {
        name: np.concatenate([made.images(name, severity).images().images for severity in severities])
        for name, severities in by_corruption(asked(shift)).items()
    }
    columns = {len(images) for images in cells.values()}
    if len(columns) > 1:
        raise UserError("a contact sheet has the same severities of all corruptions; set shift.severities")
    severities = next(iter(by_corruption(asked(shift)).values()))
    sheet = contact_sheet.draw(one.images[0], cells, severities)
    path = Path(config.paths.reports) / dataset.name / "contact_sheet.png"
    with atomic.replacing(path) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
    say(f"{path}: image {one.ids[0]} of {dataset.name} under {len(cells)} corruptions")
    return 0
