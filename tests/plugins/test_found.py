"""What is wrong with a plug-in is one line that names the distribution; another name's fault harms nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.plugins.installing import install

from withstand import datasets
from withstand.base import plugins
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.report import sections
from withstand.results.metrics import Metric, Metrics, correct

Offer = Callable[..., None]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Installs a distribution that offers modules, each with its source: ``offer("dist", kind, name=source)``."""
    monkeypatch.syspath_prepend(tmp_path)

    def written(dist: str, kind: str, **sources: str) -> None:
        package = f"{dist.replace('-', '_')}_code"
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
        for name, source in sources.items():
            (tmp_path / package / f"{name}.py").write_text(source, encoding="utf-8")
        entries = {f"withstand.{kind}": {name: f"{package}.{name}" for name in sources}}
        install(tmp_path, dist, "3.1", entries)

    yield written
    for name in [one for one in sys.modules if one.partition(".")[0].endswith("_code")]:
        del sys.modules[name]


def test_one_that_cannot_be_imported_is_one_line_and_only_when_it_is_asked_for(offer: Offer) -> None:
    offer("broken-one", "datasets", torn="raise RuntimeError('no\\nluck')")
    assert "torn" in plugins.names("datasets")
    assert datasets.code("shapes").__name__ == "withstand.datasets.shapes"
    with pytest.raises(UserError) as caught:
        datasets.code("torn")
    assert str(caught.value) == (
        "the dataset 'torn' of broken-one 3.1 cannot be imported (RuntimeError: no luck); mend it, or uninstall"
        " broken-one"
    )


def test_one_that_lacks_what_its_kind_has_says_so(offer: Offer) -> None:
    offer("empty-one", "datasets", hollow="")
    with pytest.raises(
        UserError, match=r"'hollow' of empty-one 3\.1 has no from_config in empty_one_code\.hollow;"
    ):
        datasets.code("hollow")


def test_an_entry_that_names_no_module_says_what_to_write(tmp_path: Path, offer: Offer) -> None:
    offer("pointing", "datasets")
    (tmp_path / "pointing-3.1.dist-info" / "entry_points.txt").write_text(
        "[withstand.datasets]\ndirect = pointing_code:from_config\n", encoding="utf-8"
    )
    with pytest.raises(
        UserError, match="names pointing_code:from_config, which is no module; write pointing_code"
    ):
        datasets.code("direct")


def test_a_name_taken_twice_names_both(offer: Offer) -> None:
    offer("first-one", "trackers", ledger="def start(**_): ...", none="def start(**_): ...")
    offer("second-one", "trackers", ledger="def start(**_): ...")
    with pytest.raises(
        UserError, match=r"tracker 'ledger': first-one 3\.1 and second-one 3\.1; uninstall one"
    ):
        plugins.load("trackers", "ledger")
    with pytest.raises(UserError, match=r"tracker 'none': withstand and first-one 3\.1; uninstall one"):
        plugins.load("trackers", "none")
    assert plugins.load("trackers", "wandb").__name__ == "withstand.trackers.wandb"


def test_a_misspelt_name_gets_the_nearest_of_all(offer: Offer) -> None:
    offer("good-one", "datasets", checkers="def from_config(config): ...")
    with pytest.raises(UserError, match="unknown dataset 'chekers'; did you mean 'checkers'"):
        datasets.code("chekers")
    with pytest.raises(UserError, match="unknown dataset 'patterns'"):  # a helper of ours
        datasets.code("patterns")


def test_a_section_that_cannot_be_imported_is_named(offer: Offer) -> None:
    offer("torn-section", "sections", shred="import there_is_no_such_module")
    with pytest.raises(UserError, match="the section 'shred' of torn-section"):
        sections._modules()


def test_metrics_of_plug_ins_join_when_they_are_looked_for(offer: Offer) -> None:
    ours = Metrics({"top1": Metric(correct, "Top-1", "higher", high=1, share=True)})
    offer("counting", "metrics", wrong=(
        "from withstand.results.metrics import Metric, correct\n"
        "METRIC = Metric(lambda read: ~correct(read), 'Error', high=1, share=True)\n"
    ))  # fmt: skip
    assert ours["top1"].title == "Top-1" and not ours._whole
    assert ours["wrong"].title == "Error" and list(ours) == ["top1", "wrong"] and len(ours) == 2
    with pytest.raises(KeyError):
        ours["right"]


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("top1", "METRIC = 1", "metric 'top1': withstand and number-one 3.1"),
        ("one", "METRIC = 1", "the metric 'one' of number-one 3.1: METRIC in number_one_code.one is no"),
    ],
)
def test_a_metric_that_is_none_or_taken_says_so(offer: Offer, name: str, source: str, message: str) -> None:
    ours = Metrics({"top1": Metric(correct, "Top-1", "higher", high=1, share=True)})
    offer("number-one", "metrics", **{name: source})
    with pytest.raises(UserError, match=message):
        list(ours)


def test_a_config_of_the_name_of_ours_is_refused_when_it_is_asked_for(tmp_path: Path, offer: Offer) -> None:
    offer("same-name", "trackers", other="def start(**_): ...")
    config = tmp_path / "same_name_code" / "configs" / "tracker" / "none.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("name: none\n", encoding="utf-8")
    assert compose(["model=small_cnn", "dataset=shapes"]).tracker.name == "none"
    with pytest.raises(UserError, match=r"tracker=none is two: .*none\.yaml and .*same_name_code"):
        compose(["tracker=none"])
