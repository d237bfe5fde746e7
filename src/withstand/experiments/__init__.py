"""The experiments: short scripts over the pieces below, each a module of its name with ``run(config, overrides)``.

Plug-ins bring others.
"""

from __future__ import annotations

from dataclasses import replace

from withstand import cluster
from withstand.base import garbage, limits, plugins
from withstand.config.schema import Config
from withstand.session import usage


def run(config: Config, overrides: list[str]) -> int:
    """Run the experiment that the configuration names; gives the exit code.

    Raises:
        UserError: ``overrides`` sets what the experiment does not use, or there is no module of that name.
    """
    experiment = plugins.load("experiments", config.experiment.name)
    uses: tuple[str, ...] | None = getattr(experiment, "USES", None)
    if uses is not None:
        usage.check(config.experiment.name, uses, overrides)
    garbage.resume()
    limits.check_address_space()
    if getattr(experiment, "PROCESSES", False):  # each is led on its own
        return int(experiment.run(config, overrides))
    settings, where = config.cluster, config.train.device
    if devices := config.evaluation.devices:  # as it was said before there were clusters
        settings, where = replace(settings, name="ray", workers=len(devices)), devices[0].partition(":")[0]
    with cluster.opened(settings, where, config.threads, config.paths.data):
        code: int = experiment.run(config, overrides)
    return code
