"""The study's import path to experiment 3: `from src.finetune import main`."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from withstand.config.checks import typed
from withstand.config.composing import choices
from withstand.experiments import finetune


def main(cfg: DictConfig) -> None:
    """Fine-tune the trained model that the composed configuration names.

    A configuration that was composed without ``experiment=finetune`` gets that experiment's own epochs and rate.
    """
    if cfg.experiment.name != "finetune":
        own = choices("experiment")["finetune"]  # plain values: the composed configuration takes no new keys
        cfg = OmegaConf.create({**OmegaConf.to_container(cfg)})  # type: ignore[dict-item]
        cfg.merge_with(own)
    finetune.run(typed(cfg), [])
