"""The experiments: short scripts over the pieces below, each a module of its name with ``run(config, overrides)``."""

from __future__ import annotations

import importlib

from withstand.config import Config


def run(config: Config, overrides: list[str]) -> int:
    """Run the experiment that the configuration names; gives the exit code."""
    # The name comes from a config file of that name, which `compose` has found.
    experiment = importlib.import_module(f"withstand.experiments.{config.experiment.name}")
    code: int = experiment.run(config, overrides)
    return code
