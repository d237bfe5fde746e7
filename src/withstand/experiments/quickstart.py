"""`python main.py`: two small models on drawn shapes, through experiments 1 and 2, to a report."""

from __future__ import annotations

from pathlib import Path

from withstand.compose import compose
from withstand.config import Config
from withstand.experiments import report, study
from withstand.runs import load_runs


def run(config: Config, overrides: list[str]) -> int:
    for model in config.models:
        words = [*overrides, f"model={model}"]
        study.run(compose(words), words)
    runs = load_runs(config.paths.checkpoints, dataset=config.dataset.name)
    report.write([one for one in runs if one.model in config.models], Path(config.paths.reports) / config.dataset.name)
    return 0
