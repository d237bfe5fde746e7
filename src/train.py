"""The study's import path to experiment 1: `from src.train import main`."""

from __future__ import annotations

from omegaconf import DictConfig

from withstand.config.checks import typed
from withstand.experiments import train


def main(cfg: DictConfig) -> None:
    """Train and test what the composed configuration names."""
    train.run(typed(cfg), [])
