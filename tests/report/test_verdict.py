"""The headline: as loud as the data, and never longer than a headline."""

from __future__ import annotations

from tests.report.conftest import SOME, MakeContext

from withstand.report.verdict import verdict


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
        "small_cnn holds up best: "
    )
