"""The experiments: short scripts over the pieces below, each a module of its name with ``run(config, overrides)``."""

from __future__ import annotations

import importlib

from withstand.config.schema import Config
from withstand.experiments import usage


def run(config: Config, overrides: list[str]) -> int:
    """Run the experiment that the configuration names; gives the exit code.

    Raises:
        UserError: ``overrides`` sets what the experiment does not use.
    """
    # The name comes from a config file of that name, which `compose` has found.
    experiment = importlib.import_module(f"withstand.experiments.{config.experiment.name}")
    uses: tuple[str, ...] | None = getattr(experiment, "USES", None)
    if uses is not None:
        usage.check(config.experiment.name, uses, overrides)
    code: int = experiment.run(config, overrides)
    return code
