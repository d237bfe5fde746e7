"""A classifier as it is, on clean images: does it work on mine at all, and how well?"""

from __future__ import annotations

import numpy as np

from withstand.base.console import say
from withstand.config.schema import Config
from withstand.evaluation.evaluate import About, evaluate
from withstand.results.conditions import CLEAN
from withstand.results.metrics import METRICS
from withstand.results.run import Run
from withstand.session import several, usage
from withstand.session.alone import alone
from withstand.session.evaluated import to_evaluate
from withstand.statistics import mean_interval

USES = ("model", *several.SWEEPS, *usage.ENGINE, *usage.CLASSES)


def run(config: Config, overrides: list[str]) -> int:
    return several.each(config, overrides, evaluate_clean)


@alone
def evaluate_clean(config: Config, overrides: list[str]) -> None:
    """Predict the test images where the store lacks that, and say how many are right."""
    setup, classifier = to_evaluate(config, overrides)
    test = setup.dataset.test
    predictor = setup.predictor(classifier, total=len(test))
    about = About(
        config.run_name,
        setup.summary,
        setup.record(classifier, predictor.precision) | {"engine": predictor.facts()},
    )
    _tell(evaluate(classifier, test, [], setup.folder, predictor=predictor, about=about))


def _tell(done: Run) -> None:
    predictions = done.predictions(CLEAN)
    said = []
    for name in ("top1", "top5"):
        metric = METRICS[name]
        share = (
            mean_interval(metric.per_image(predictions).astype(np.float64), metric.bounds)
            .within(metric.low, metric.high)
            .times(100)
        )
        said.append(f"{metric.title} {share.value:.2f}% ({share.low:.2f} to {share.high:.2f})")
    say(f"  {', '.join(said)} of {len(predictions):,} images; {done.folder}")
