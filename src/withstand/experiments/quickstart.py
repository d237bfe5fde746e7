"""`python main.py`: two small models on drawn shapes, through experiments 1, 2 and 4 and cue conflict, to a report."""

from __future__ import annotations

from functools import partial

from withstand.base.crew import crew
from withstand.config.composing import compose
from withstand.config.schema import Config
from withstand.experiments import background, robustness, study
from withstand.session import several, shifted

USES = (*study.USES, *background.USES, *several.SWEEPS)


def run(config: Config, overrides: list[str]) -> int:
    commands = several.commands_of(config, overrides)
    crew().together([partial(_whole, words) for words in commands])
    return several.reported(config)


def _whole(words: list[str]) -> None:
    """Everything of one model."""
    study.study_one(compose(words), words)
    background.evaluate_backgrounds(compose(words), words)
    cues = shifted.words_for("cue_conflict", words)
    robustness.evaluate_one(compose(cues), cues)
