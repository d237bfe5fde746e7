"""Other images of the same classes: which they are, how they are answered, and what is said of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import withstand
from withstand import datasets, report, shifts
from withstand.analysis.collected import KIND, Collected
from withstand.base.errors import AbsentError, UserError
from withstand.config.composing import compose
from withstand.results.conditions import CLEAN, Condition
from withstand.results.run import Run
from withstand.results.runs import of_kind

COLOURS = {"blue": 2, "green": 1, "red": 0, "white": None}


def photographs(root: Path, names: Any, count: int, seed: int, strength: int = 60, size: int = 16) -> Path:
    """A folder a class: noise, more of it in the channel of its colour."""
    draw = np.random.default_rng(seed)
    for name in names:
        (root / name).mkdir(parents=True)
        for place in range(count):
            pixels = draw.integers(0, 190, (size, size, 3))
            channel = slice(None) if COLOURS[name] is None else COLOURS[name]
            pixels[:, :, channel] += draw.integers(0, strength)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / name / f"{place}.png")
    return root


class Colours(torch.nn.Module):
    """Scores for blue, green, red and white, by the means of the channels."""

    def __init__(self, lean: float = 0.0) -> None:
        super().__init__()
        self.lean = torch.nn.Parameter(torch.tensor(lean))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        red, green, blue = x.mean((2, 3)).unbind(1)
        white = torch.minimum(torch.minimum(red, green), blue) + self.lean
        return torch.stack([blue, green, red, white], 1)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    before = photographs(tmp_path / "february", COLOURS, 30, seed=1)
    return before, photographs(tmp_path / "march", ("red", "blue"), 40, seed=2, strength=30)


def evaluated(tmp_path: Path, before: Path, shift: Any, lean: float = 0.0, name: str = "net") -> Run:
    return withstand.evaluate(
        Colours(lean), before, shifts=shift, device="cpu", out=tmp_path / "runs" / name, name=name
    ).run


def right(run: Run, condition: Condition, **how: Any) -> float:
    read = run.predictions(condition)
    return float((read.logits.argmax(1) == read.labels).mean())


def test_before_and_after_with_no_yaml(tmp_path: Path, places: Any) -> None:
    run = evaluated(tmp_path, places[0], {"collection": {"folder": str(places[1])}})
    assert run.shifts == ("clean", "march") and of_kind([run], KIND) == ("march",)
    march = Condition("march", "march")
    read = run.predictions(march)
    assert len(read) == 80 and set(read.labels) == {0, 1} and run.about("march")["classes"] == ["blue", "red"]
    assert not np.isin(read.ids, run.predictions(CLEAN).ids).any()  # equal names, other images


def test_of_some_classes_there_are_two_answers(tmp_path: Path, places: Any) -> None:
    """Among blue and red, white is no answer; among all four, it takes some away."""
    run = evaluated(tmp_path, places[0], {"collection": {"folder": str(places[1])}}, lean=0.02)
    found = Collected.of([run], "march")
    among, of_all = found.shifted("net"), found.among_all("net")
    net, images = (
        Colours(0.02),
        [f for name in ("blue", "red") for f in sorted((places[1] / name).glob("*.png"))],
    )
    scores = torch.cat(
        [net(torch.from_numpy(np.array(Image.open(f))).permute(2, 0, 1)[None] / 255) for f in images]
    )
    truth = torch.tensor([0] * 40 + [2] * 40)
    assert of_all is not None and of_all.value == pytest.approx(
        float((scores.argmax(1) == truth).double().mean())
    )
    two = scores[:, [0, 2]].argmax(1) * 2
    assert among.value == pytest.approx(float((two == truth).double().mean())) and among.value > of_all.value
    assert among.n == of_all.n == 80


def test_clean_is_of_the_same_classes_and_the_drop_of_other_images(tmp_path: Path, places: Any) -> None:
    run = evaluated(tmp_path, places[0], {"collection": {"folder": str(places[1])}})
    found = Collected.of([run], "march")
    read = run.predictions(CLEAN)
    of_these = np.isin(read.labels, (0, 2))
    said = read.logits[:, [0, 2]].argmax(1) * 2
    clean, shifted, drop = found.clean("net"), found.shifted("net"), found.drop("net")
    assert clean is not None and drop is not None and clean.n == 60
    assert clean.value == pytest.approx((said == read.labels)[of_these].mean())
    assert drop.value == pytest.approx(clean.value - shifted.value)
    assert drop.high - drop.low > max(clean.high - clean.low, shifted.high - shifted.low)  # both vary


def test_what_evaluate_gives_shows_clean_first_and_no_mean_of_one(tmp_path: Path, places: Any) -> None:
    fog = {"corruption": {"corruptions": ["fog"], "severities": [1, 2]}}
    for several, images in (
        ([{"collection": {"folder": str(places[1])}}], ["clean", "march"]),
        (
            [{"collection": {"folder": str(places[1])}}, fog],
            ["clean", "march", "mean under corruption", "fog"],
        ),
        ((), ["clean"]),
    ):
        found = withstand.evaluate(Colours(), places[0], shifts=several, device="cpu")
        assert found._short().images.tolist() == images
        assert "clean" in set(found.frame(["top1"]).group) and "clean" in found._repr_html_()


def test_two_classifiers_on_it_are_paired_and_join_effective_robustness(tmp_path: Path, places: Any) -> None:
    shift = {"collection": {"folder": str(places[1])}}
    runs = [
        evaluated(tmp_path, places[0], shift, lean, f"net{place}")
        for place, lean in enumerate((0.0, 0.01, 0.05))
    ]
    found = Collected.of(runs, "march")
    (pair, *_) = found.together.pairs
    each = [run.predictions(Condition("march", "march")) for run in runs]
    assert all(np.array_equal(one.ids, each[0].ids) for one in each) and pair.difference.n == 80
    assert all(found.effective_robustness(name) is not None for name in found.names)
    assert Collected.of(runs[:2], "march").effective_robustness("net0") is None  # a line needs two others
    page = report.write(runs, tmp_path / "report").read_text()
    assert "On march: top-1" in page and "Models on march, paired" in page


def test_the_same_classes_in_another_order_need_no_map(tmp_path: Path) -> None:
    before = photographs(tmp_path / "a", ("blue", "green", "red", "white"), 8, seed=1)
    after = photographs(tmp_path / "b", ("white", "red", "green", "blue"), 8, seed=2)
    (tmp_path / "order.txt").write_text("white\nred\ngreen\nblue\n")
    own = {"folder": str(after), "order": str(tmp_path / "order.txt")}
    run = evaluated(tmp_path, before, {"collection": own})
    assert run.about("b")["of"] is None and not run.about("b")["both"]
    assert run.predictions(Condition("b", "b")).logits.shape[1] == 4
    assert right(run, Condition("b", "b")) > 0.4


def test_the_same_classes_in_capitals_or_in_other_words_need_no_map_either(tmp_path: Path) -> None:
    before = photographs(tmp_path / "a", ("blue", "green", "red", "white"), 8, seed=1)
    after = photographs(tmp_path / "b", ("blue", "green", "red", "white"), 8, seed=2)
    (tmp_path / "map.csv").write_text("blue,bleu\ngreen,vert\nred,rouge\nwhite,blanc\n")
    (tmp_path / "order.txt").write_text("bleu\nvert\nrouge\nblanc\n")
    for names, own in (
        (("Blue", "Green", "Red", "White"), {}),
        (
            ("bleu", "vert", "rouge", "blanc"),
            {"class_map": str(tmp_path / "map.csv"), "order": str(tmp_path / "order.txt")},
        ),
    ):
        place = tmp_path / names[0]
        shutil.copytree(after, place)
        for old, new in zip(("blue", "green", "red", "white"), names, strict=True):
            (place / old).rename(place / f"{new}.moved")
            (place / f"{new}.moved").rename(place / new)
        run = evaluated(tmp_path, before, {"collection": {"folder": str(place), **own}}, name=names[0])
        read = run.predictions(Condition(names[0], names[0]))
        assert run.about(names[0])["of"] is None and read.labels.tolist() == [at // 8 for at in range(32)]
        assert right(run, Condition(names[0], names[0])) > 0.4


def test_the_clean_images_under_the_same_names_may_be_paired(tmp_path: Path, places: Any) -> None:
    """Other pictures of the same objects: the difference is paired by image."""
    darker = tmp_path / "darker"
    for file in places[0].rglob("*.png"):
        place = darker / file.relative_to(places[0])
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.array(Image.open(file)) * 0.6).astype(np.uint8)).save(place)
    run = evaluated(tmp_path, places[0], {"collection": {"folder": str(darker), "paired": True}})
    assert np.isin(run.predictions(Condition("darker", "darker")).ids, run.predictions(CLEAN).ids).all()
    found = Collected.of([run], "darker")
    drop, clean = found.drop("net"), found.clean("net")
    assert drop is not None and clean is not None and drop.n == clean.n == 120
    for file in [*darker.rglob("*.png")][::4]:
        file.unlink()
    run = evaluated(tmp_path, places[0], {"collection": {"folder": str(darker), "paired": True}})
    found = Collected.of([run], "darker")
    drop, clean = found.drop("net"), found.clean("net")
    assert drop is not None and clean is not None and drop.n == clean.n == 90 == found.shifted("net").n
    assert drop.value == pytest.approx(clean.value - found.shifted("net").value)
    assert len(run.scores.ids) == 120  # of all clean images, whatever was paired
    with pytest.raises(UserError, match="no clean image of the same path"):
        evaluated(
            tmp_path, places[0], {"collection": {"folder": str(places[1]), "paired": True}}, name="other"
        )


def test_a_file_says_which_class_is_which(tmp_path: Path, places: Any) -> None:
    places[1].joinpath("red").rename(places[1] / "rouge")
    with pytest.raises(UserError, match=r"march: .*rouge.*shift\.class_map=FILE"):
        evaluated(tmp_path, places[0], {"collection": {"folder": str(places[1])}})
    (tmp_path / "map.csv").write_text("red,rouge\nwhite,rouge\nblue,blue\n")
    own = {"folder": str(places[1]), "class_map": str(tmp_path / "map.csv")}
    run = evaluated(tmp_path, places[0], {"collection": own})
    assert run.about("march")["of"] == [0, -1, 1, 1]
    clean = Collected.of([run], "march").clean("net")
    assert clean is not None and clean.n == 90  # white counts as rouge, green is none of these


def test_open_answers_are_open_on_both_sides(tmp_path: Path, places: Any) -> None:
    own = {"folder": str(places[1]), "answers": "open"}
    run = evaluated(tmp_path, places[0], {"collection": own}, lean=0.02)
    found, read = Collected.of([run], "march"), run.predictions(CLEAN)
    clean, of_these = found.clean("net"), np.isin(read.labels, (0, 2))
    assert clean is not None and found.among_all("net") is None
    assert clean.value == pytest.approx((read.logits.argmax(1) == read.labels)[of_these].mean())


def test_a_name_is_no_other_column_s_and_what_is_replaced_is_told(
    tmp_path: Path, places: Any, capsys: Any
) -> None:
    shift = {"collection": {"folder": str(places[1]), "label": "model"}}
    run = evaluated(
        tmp_path, places[0], [shift, {"corruption": {"corruptions": ["contrast"], "severities": [1]}}]
    )
    report.write([run], tmp_path / "report")
    head, row = (tmp_path / "report/tables/shifts.csv").read_text().splitlines()
    assert head.startswith("origin,model,") and "model_top1," in head and row.startswith("ours,net,")
    more = photographs(tmp_path / "2026.04", ("red", "blue"), 5, seed=9)
    assert "2026.04" in evaluated(tmp_path, places[0], {"collection": {"folder": str(more)}}).shifts
    capsys.readouterr()
    evaluated(tmp_path, places[0], {"collection": {"folder": str(more), "label": "model"}})
    assert "model was of other images before: these take their place" in capsys.readouterr().out


def test_copies_of_clean_images_are_told(tmp_path: Path) -> None:
    before = photographs(tmp_path / "a", ("blue", "red"), 6, seed=1)
    config = compose(["experiment=evaluate", "model=small_cnn", "dataset=folder", f"dataset.folder={before}"])
    config.dataset.options |= {"size": 16}
    found = shifts.load(
        compose(
            ["experiment=robustness", "shift=collection", f"shift.folder={before}", "shift.label=b"]
        ).shift,
        datasets.load(config),
    )
    assert found.notes == ("12 of the 12 images of b are among the clean ones",)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "needs images: set shift.folder=FOLDER"),
        ({"folder": "nowhere"}, "there is no nowhere"),
        ({"folder": ".", "label": "corruption"}, "cannot be called 'corruption'"),
        ({"folder": ".", "class_groups": "median"}, r"shift\.class_groups=median is not known"),
        ({"folder": ".", "answers": "some"}, r"shift\.answers=some is not known"),
        ({"folder": ".", "dataset": "nothing"}, "unknown dataset 'nothing'"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, places: Any, settings: Any, told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        evaluated(tmp_path, places[0], {"collection": settings})
    assert "\n" not in str(error.value)
    assert isinstance(error.value, AbsentError) == ("nowhere" in told)


def test_runs_of_other_clean_images_have_clean_numbers_of_their_own(tmp_path: Path, places: Any) -> None:
    """Only the line through all of them needs the same ones; without it, each lost its clean number and its drop."""
    before, march = places
    less = photographs(tmp_path / "less" / "february", COLOURS, 20, seed=1)
    runs = [
        evaluated(tmp_path, where, {"collection": {"folder": str(march)}}, lean, name)
        for where, lean, name in ((before, 0.0, "a"), (less, 0.02, "b"), (before, -0.02, "c"))
    ]
    found = Collected.of(runs, "march")
    assert sorted(found.names) == ["a", "b", "c"]
    seen = {name: found.clean(name) for name in found.names}
    assert {name: one and one.n for name, one in seen.items()} == {"a": 60, "b": 40, "c": 60}
    assert all(found.drop(name) is not None for name in found.names)
    assert not any(found.effective_robustness(name) for name in found.names)
