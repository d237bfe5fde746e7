"""May a new classifier take an old one's place? Both are evaluated where the store lacks that, then tested in pairs."""

from __future__ import annotations

from withstand.analysis import gate
from withstand.config.schema import Config
from withstand.experiments import evaluate, robustness
from withstand.session import gated, shifted, usage

USES = ("model", "baseline", "gate", "evaluation", "cluster", *shifted.USES, *usage.CLASSES)


def run(config: Config, overrides: list[str]) -> int:
    asked = config.gate
    gate.check(asked.test, asked.by, asked.margin, asked.margins, asked.metric, asked.alpha)
    work = evaluate.evaluate_clean if asked.by == "clean" else robustness.evaluate_one
    new, old = gated.runs(config, overrides, work)
    found = gate.gate(
        new,
        old,
        asked.margin,
        test=asked.test,
        by=asked.by,
        margins=asked.margins,
        metric=asked.metric,
        alpha=asked.alpha,
        clusters=asked.clusters,
    )
    gated.tell(found, config)
    return found.exit_code
