"""The headline: as loud as the data, and never longer than a headline."""

from __future__ import annotations

from tests.report.conftest import SOME, MakeContext, MakeRun

from withstand.analysis.comparison import compare
from withstand.report.verdict import verdict
from withstand.results.conditions import CLEAN
from withstand.results.reading import load_runs


def test_two_that_are_not_told_apart_are_named_and_many_are_counted(make_context: MakeContext) -> None:
    alike = {"seed": 1, "skill": 2.0}
    two = verdict(make_context({"small_cnn": alike, "small_vit": alike}, conditions=SOME).together)
    assert two.headline.startswith("No clear winner: small_") and two.headline.endswith(" are within error")
    many = dict.fromkeys(("a", "b", "c", "d"), alike)
    four = verdict(make_context(many, root="many", conditions=SOME).together)
    first, *others = make_context(many, root="again", conditions=SOME).together.ranking
    assert (
        four.headline
        == f"No clear winner: {first} is within error of {others[0]}, {others[1]} and {others[2]}"
    )


def test_a_clear_winner_is_named(make_context: MakeContext) -> None:
    models = {"small_cnn": {"skill": 5.0}, "small_vit": {"skill": 0.5}}
    assert verdict(make_context(models, conditions=SOME).together).headline.startswith(
        "small_cnn holds up best of these two trainings: "
    )


def test_with_seeds_the_headline_is_of_models(make_run: MakeRun) -> None:
    """Two models of three trainings each: far apart there is a winner, near there is none, whoever's seed is best."""

    def headline(root: str, skill: float) -> str:
        for model, own in (("small_cnn", skill), ("small_vit", 2.0)):
            for seed, step in enumerate((0.0, 0.05, 0.1)):
                name, settings = f"{root}/{model}-{seed}", {"skill": own + step, "seed": seed, "n": 120}
                folder = make_run(model, folder=name, conditions=SOME, sheet=False, **settings)
        together = compare(load_runs(folder.parent))
        assert len(together.over_seeds.pairs) == 1
        return verdict(together).headline

    assert headline("far", 5.0).startswith("small_cnn holds up best, over seeds: ")
    assert headline("near", 2.0).startswith("No clear winner over seeds: small_")


def test_who_is_ahead_on_clean_images_alone_is_not_said_to_hold_up(make_context: MakeContext) -> None:
    models = {"small_cnn": {"skill": 5.0}, "small_vit": {"skill": 0.5}}
    said = verdict(make_context(models, conditions=[CLEAN]).together)
    assert said.headline.startswith("small_cnn is the most accurate of these two trainings: ")
    assert (
        said.headline.endswith("on clean images")
        and "No corrupted images were evaluated yet." in said.sentences
    )
