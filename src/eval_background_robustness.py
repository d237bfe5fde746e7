"""The study's import path to experiment 4: `from src.eval_background_robustness import main`."""

from __future__ import annotations

from dataclasses import replace

from omegaconf import DictConfig

from withstand.config.checks import typed
from withstand.config.schema import ExperimentConfig
from withstand.experiments import background


def main(cfg: DictConfig) -> None:
    """Measure how far the model that the composed configuration names relies on backgrounds."""
    # The study composes with the model alone, so the experiment is said here.
    config = replace(typed(cfg), experiment=ExperimentConfig("background"))
    background.run(config, ["experiment=background", f"model={config.model.cfg_name}"])
