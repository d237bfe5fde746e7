"""The classifier to evaluate, and all that an evaluation needs: one that was trained here, or one as it is."""

from __future__ import annotations

from dataclasses import replace

from withstand import models
from withstand.config.schema import Config
from withstand.models import Classifier
from withstand.models.together import Asked, answering
from withstand.results.folder import RunFolder
from withstand.session import geometry, identity
from withstand.session.setup import Setup


def to_evaluate(config: Config, overrides: list[str]) -> tuple[Setup, Classifier]:
    """Checked settings, data, and a classifier with an answer for each class.

    Raises:
        UserError: the classifier cannot be had or has no answer for a class, the data is not there, or the run folder
            is another run's.
    """
    best = RunFolder(config.run_folder).best
    if not config.model.as_it_is or (best.is_file() and not config.model.weights):
        setup = Setup.of(config, overrides)
        return setup, setup.trained()
    found = models.as_it_is(config)
    config, fits = geometry.settled(config, found.preprocessing)
    setup = Setup.of(config, overrides)
    found = found.after_geometry if fits else found
    asked = Asked(config.class_map, config.classes == "open", config.class_groups)
    found = answering(found, setup.dataset.test, asked)
    identity.claim(
        config, setup.dataset, setup.folder, given=True, evaluated=found, source=config.model.origin
    )
    steps = geometry.steps(config, found.preprocessing, fits)
    return replace(setup, notes={"steps": steps}), found
