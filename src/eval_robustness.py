"""The study's import path to experiment 2: `from src.eval_robustness import main`."""

from __future__ import annotations

from omegaconf import DictConfig

from withstand.config.checks import typed
from withstand.experiments import robustness


def main(cfg: DictConfig) -> None:
    """Evaluate the trained model that the composed configuration names."""
    robustness.run(typed(cfg), [])
