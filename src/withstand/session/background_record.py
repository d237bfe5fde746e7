"""What experiment 4 leaves in the run folder, beside its predictions: the record, the table, and a few examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from withstand.analysis.backgrounds import reliance
from withstand.analysis.backgrounds.reliance import Reliance
from withstand.backgrounds import folds
from withstand.backgrounds.folds import Part
from withstand.backgrounds.worlds import Worlds
from withstand.base import atomic, json_file
from withstand.base.crew import crew
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells
from withstand.models import Classifier
from withstand.results.conditions import Condition
from withstand.results.reading import load_run
from withstand.session.setup import Setup
from withstand.shifts.backgrounds import NAME

_EXAMPLE = 112  # pixels a side, at most


def write(
    setup: Setup,
    classifier: Classifier,
    predictor: Predictor,
    found: Worlds,
    parts: list[Part],
    cells: list[Cells],
) -> Reliance:
    """Write ``summary.json``, ``provenance.json``, ``background_results.csv`` and the examples; gives what came out.

    What other experiments and other protocols have written there stays.
    """
    config, folder = setup.config, setup.folder
    protocol = config.background.protocol
    record: dict[str, Any] = {
        "classes": list(found.classes),
        "files": {
            variant: [one.cells[Condition(NAME, variant)].file for one in cells] for variant in found.variants
        },
        "parts": len(parts),
        "leak": folds.leak(found, parts),
        "source": found.source,
        "notes": list(found.notes),
        "frozen": config.train.freeze == "backbone" and parts[0].trains,
        "epochs": config.train.epochs if parts[0].trains else None,
        "foregrounds": len(found),
        "correlation": config.dataset.options.get("correlation"),
    }
    made = setup.record(classifier, predictor.precision) | {"engine": predictor.facts()}
    first = "cells" not in folder.summary()
    unknown = "config" not in json_file.record(folder.path / "provenance.json")
    about = {"model": config.model.cfg_name, "dataset": found.name, "classes": list(found.classes)}
    folder.update(
        "summary.json", about | ({"cells": []} if first else {}) | {"background": {protocol: record}}
    )
    folder.update(
        "provenance.json", (made if unknown else {}) | {"background": {protocol: made | crew().costs()}}
    )
    examples(found, folder.path / "background" / "examples.npz")
    found_all = reliance.reliances(load_run(folder.path))
    folder.write_csv(
        "background_results.csv", reliance.COLUMNS, [row for one in found_all for row in one.rows()]
    )
    return next(one for one in found_all if one.protocol == protocol)


def examples(found: Worlds, path: Any) -> None:
    """One foreground of each of the first classes in every variant, small: what the report shows."""
    at = np.array(reliance.one_of_each_class(found.labels))
    shown = {}
    for variant in found.variants:
        images = found.of(variant, at).images
        step = max(1, -(-images.shape[1] // _EXAMPLE))
        side = images.shape[1] // step * step
        blocks = images[:, :side, :side].reshape(len(images), side // step, step, side // step, step, 3)
        shown[variant] = np.round(blocks.mean(axis=(2, 4))).astype(np.uint8)
    with atomic.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, labels=found.labels[at], **shown)
