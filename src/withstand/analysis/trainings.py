"""Trainings of one model: runs that differ by their seed alone."""

from __future__ import annotations

from collections.abc import Mapping

from withstand.results.run import Run


def trainings(runs: Mapping[str, Run]) -> list[tuple[str, ...]]:
    """The names of the runs that are trainings of one model by different seeds, for each model that has several.

    Two runs of one seed, or of the same weights, are one training; the first counts.
    """
    found: dict[str, dict[int | None, str]] = {}
    known: set[str] = set()
    for name, run in runs.items():
        if not run.training:
            continue
        weights = run.provenance.get("weights_digest")
        if weights not in known:
            found.setdefault(run.training, {}).setdefault(run.facts.seed, name)
            known |= {weights} if weights else set()
    return [tuple(seeds.values()) for seeds in found.values() if len(seeds) > 1]
