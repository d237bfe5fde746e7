"""The help page: what there is, read from the configs, so that it cannot fall behind them."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from withstand.base import plugins
from withstand.base.console import console, say
from withstand.config.composing import choices
from withstand.results.metrics import METRICS

_INTRODUCTION = """withstand: which image classifier holds up when the images change, by how much, and how sure are we?

  python main.py [KEY=VALUE …]                 the quickstart: no data, no network, a few minutes on two cores
  python main.py model=MODEL dataset=DATASET   train a model, then test it under every corruption
  python main.py experiment=EXPERIMENT …       one of the experiments below
"""

_EXAMPLES = """Examples
  python main.py model=resnet50 dataset=cifar10
      experiments 1 and 2 of the study with its settings
  python main.py model=vit_small_pretrained dataset=cifar10 train.epochs=3 dataset.test_limit=1000
      three epochs, tested on 1,000 images
  python main.py model=resnet50 dataset=cifar10 train.augment=none
      as the published run trained
  python main.py experiment=evaluate model=timm:resnet50.a1_in1k dataset=folder dataset.folder=photos
      a pretrained model as it is, on your photographs of ImageNet's classes
  python main.py experiment=robustness model=resnet50 model.weights=my.pth shift.corruptions=[fog,frost,snow]
      your own weights under three corruptions
  python main.py experiment=report dataset=cifar10
      tables, figures and a page from every run on CIFAR-10

Every setting is KEY=VALUE; `python main.py --cfg model=resnet50` prints them all. Results go to
checkpoints/MODEL_DATASET/ and reports/DATASET/. A run that was stopped resumes when the same command is given again.
"""


def show() -> None:
    """Print the help page."""
    say(_INTRODUCTION)
    for group, heading in (
        ("experiment", "Experiments"),
        ("model", "Models"),
        ("dataset", "Datasets"),
        ("shift", "Shifts"),
        ("suite", "Suites: suite=SUITE is several shifts"),
        ("tracker", "Trackers"),
        ("cluster", "Who does the work: cluster=…"),
    ):
        table = _table()
        for name, config in choices(group).items():
            own = config.get(group)
            said = own if isinstance(own, dict) else config
            title = said.get("about") or said.get("title", "")
            table.add_row(name, Text(str(title)))  # not markup: an extra's [name] is no style
        _print(heading, table)
    _print("Sources: model=SOURCE:NAME takes a classifier as it is", _sources())
    _print("Metrics", _metrics())
    say(_EXAMPLES)


def _sources() -> Table:
    """Where classifiers come from, ours and those of plug-ins; their packages are not imported."""
    table = _table()
    for name in plugins.names("sources"):
        table.add_row(name, Text(plugins.said("sources", name, "ABOUT")))
    return table


def _metrics() -> Table:
    """What is computed of every run, ours and those of plug-ins."""
    table = _table()
    for name, metric in METRICS.items():
        unit = f" in {metric.unit}" if metric.unit else ""
        table.add_row(name, Text(f"{metric.title}{unit}, {metric.better} is better"))
    return table


def _table() -> Table:
    return Table(box=None, show_header=False, padding=(0, 2), pad_edge=True)


def _print(heading: str, table: Table) -> None:
    say(heading)
    console.print(table)
    say("")
