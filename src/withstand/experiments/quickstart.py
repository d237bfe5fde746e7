"""`python main.py`: two small models on drawn shapes, through experiments 1, 2 and 4 and cue conflict, to a report."""

from __future__ import annotations

from withstand.config.composing import compose
from withstand.config.schema import Config
from withstand.experiments import background, robustness, study
from withstand.session import several, shifted

USES = (*study.USES, *background.USES, *several.USES)


def run(config: Config, overrides: list[str]) -> int:
    for model in config.models:
        words = [*overrides, f"model={model}"]
        study.run(compose(words), words)
        background.run(compose(words), words)
        cues = shifted.words_for("cue_conflict", words)
        robustness.evaluate_one(compose(cues), cues)
    return several.reported(config)
