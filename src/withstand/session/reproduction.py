"""The parts of the whole study, in the order of their worth: the one list that every way to run it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from withstand.config.schema import Config
from withstand.session.usage import used

AS_PUBLISHED = "train.augment=none"
"""Crop and flip were off by mistake in the published run; here they are on only where a name says so."""

UNFOLDED = "mobilenetv2_100_imagenet1k.unfolded.safetensors"
"""The CNN's weights with BatchNorm that can be trained (benchmarks/study_data.py makes the file)."""

ROUNDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "resnet50": (AS_PUBLISHED, ("grouped", "published")),
    "vit_tiny_pretrained": (AS_PUBLISHED, ("grouped", "published")),
    "mobilenetv2_pretrained": (f"{AS_PUBLISHED} model.file={UNFOLDED}", ("grouped", "published")),
    "vit_small": (AS_PUBLISHED, ("grouped", "published")),
    "resnet50_crop_flip": ("model=resnet50 model.cfg_name=resnet50_crop_flip", ("grouped",)),
    "vit_tiny": (AS_PUBLISHED, ("grouped",)),
    "resnet50_pretrained": (AS_PUBLISHED, ("grouped", "published")),
    "vit_small_pretrained": (AS_PUBLISHED, ("grouped", "published")),
}
"""Each model, the words of its training, and the protocols that it is fine-tuned by."""

AGAIN = {"vit_tiny_pretrained": (1, 2), "mobilenetv2_pretrained": (1, 2), "resnet50": (1, 2)}
"""Models that are trained again, and by which seeds."""

WEIGHTS = {
    "resnet50_pretrained": "resnet50.a1_in1k.safetensors",
    "vit_small_pretrained": "vit_small_patch16_224.augreg_in21k_ft_in1k.safetensors",
    "vit_tiny_pretrained": "vit_tiny_patch16_224_imagenet1k.safetensors",
    "mobilenetv2_pretrained": UNFOLDED,
}
"""Of the pretrained models, in the folder ``weights`` of the data."""

PICTURED = ("vit_tiny_pretrained", "mobilenetv2_pretrained")
"""Models that are also tested on photographs as they were pretrained, and on swapped backgrounds."""

SMALL = (
    "train.epochs=1",
    "shift.severities=[1,2,3,4,5]",
    "finetune.images_per_epoch=64",
    "finetune.test=0.2",  # enough that both protocols test some images in common
    "make_backgrounds.limit=12",
    "background.folds=2",
)
FEW = ("dataset.test_limit=24", "dataset.train_limit=64")
"""Tiny sizes: of everything, and of data sets that have as many images to test with, and to train on."""


@dataclass(frozen=True)
class Part:
    """One command of the study.

    Attributes:
        words: as on the command line.
        after: the parts whose results it takes.
        needs: files under ``paths.data`` without which it is left out.
        last: words that no others overrule.
    """

    name: str
    words: tuple[str, ...]
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    @property
    def experiment(self) -> str:
        return self.words[0].removeprefix("experiment=")

    def absent(self, data: Path) -> list[str]:
        return [place for place in self.needs if not (data / place).exists()]

    def with_words(self, more: Sequence[str]) -> Part:
        """With those of ``more`` that its experiment uses."""
        return replace(self, words=(*self.words, *used(self.experiment, more)))


def parts(config: Config, overrides: Sequence[str]) -> list[Part]:
    """Every part that is asked for, with the study's words and after them those of the command."""
    small, only = config.reproduction.small, tuple(config.reproduction.only)
    given = [word for word in overrides if not word.startswith(("experiment=", "reproduction."))]
    chosen = [part for part in _all(config) if not only or part.name.startswith(only)]
    if small:
        chosen = [part.with_words((*SMALL, *_few(part))) for part in chosen]
    return [part.with_words(given).with_words(part.last) for part in chosen]


def _few(part: Part) -> tuple[str, ...]:
    if "dataset=cifar10" in part.words:
        return FEW
    return FEW[:1] if part.experiment == "robustness" else ()


def _all(config: Config) -> Iterator[Part]:
    yield Part("corrupted images", ("experiment=corrupt", "dataset=cifar10"))
    for name in ROUNDS:
        yield from _round(name)
    for name, seeds in AGAIN.items():
        for seed in seeds:
            yield from _again(config, name, seed)
    yield from _on_photographs(Path(config.paths.data))
    yield from _on_backgrounds(Path(config.paths.data))


def _round(name: str, seed: str = "") -> Iterator[Part]:
    """Experiments 1, 2 and 3 of one model, one after the other, as they share a folder; by another seed, 1 and 2."""
    words, protocols = ROUNDS[name]
    model = [*([] if words.startswith("model=") else [f"model={name}"]), "dataset=cifar10", *words.split()]
    plain = [word for word in model if not word.startswith("train.")]
    needs = (f"weights/{WEIGHTS[name]}",) if name in WEIGHTS else ()
    first, before = f"{name}{seed}: experiment 1", f"{name}{seed}: experiment 2"
    yield Part(first, ("experiment=train", *model), (), needs)
    yield Part(before, ("experiment=robustness", *plain), (first, "corrupted images"), needs)
    for protocol in () if seed else protocols:
        tuning = ("experiment=finetune", *model, f"finetune.protocol={protocol}")
        yield Part(f"{name}: experiment 3 {protocol}", tuning, (before,), needs)
        before = f"{name}: experiment 3 {protocol}"


def _again(config: Config, name: str, seed: int) -> Iterator[Part]:
    """Another training, in a folder that reports pass over; ``link_seeds`` shows it to them."""
    root = Path(config.paths.checkpoints) / f".seed{seed}"
    for part in _round(name, f" by seed {seed}"):
        yield replace(part, last=(f"seed={seed}", "shift.seed=42", f"paths.checkpoints={root}"))


def link_seeds(checkpoints: Path) -> None:
    """A name beside the first training for each that was made again, as the README has it."""
    for name, seeds in AGAIN.items():
        for seed in seeds:
            place, link = Path(f".seed{seed}") / f"{name}_cifar10", checkpoints / f"{name}_cifar10-seed{seed}"
            if (checkpoints / place / "summary.json").is_file() and not link.is_symlink():
                link.symlink_to(place)


def _on_photographs(data: Path) -> Iterator[Part]:
    """Experiment 2 on photographs, of models as they were pretrained on ImageNet-1k."""
    for name in PICTURED:
        weights = f"weights/{WEIGHTS[name]}"
        words = (
            "experiment=robustness",
            f"model={name}",
            f"model.cfg_name={name.removesuffix('_pretrained')}_in1k",
            f"model.weights={data / weights}",
            "dataset=folder",
            f"dataset.folder={data / 'photographs'}",
            "dataset.num_classes=1000",
        )
        yield Part(f"{name}: photographs", words, (), (weights, "photographs"))


def _on_backgrounds(data: Path) -> Iterator[Part]:
    """Experiment 4 on a challenge that is made from pictures with boxes."""
    boxes, made = "objects/boxes.tsv", data / "objects-made"
    making = (
        "experiment=make_backgrounds",
        f"make_backgrounds.images={data / 'objects'}",
        f"make_backgrounds.boxes={data / boxes}",
        f"make_backgrounds.to={made}",
        "make_backgrounds.size=128",
    )
    yield Part("backgrounds", making, (), (boxes,))
    for name in PICTURED:
        before = "backgrounds"
        for protocol in ("grouped", "published", "zero_shot"):
            words = (
                "experiment=background",
                f"model={name}_in9",
                f"model.file={WEIGHTS[name]}",
                f"dataset.folder={made}",
                "dataset.title=objects",
                "dataset.size=128",
                f"background.protocol={protocol}",
                f"background.map={data / 'in_to_in9.json'}",
                AS_PUBLISHED,
            )
            called = f"{name}: experiment 4 {protocol}"
            yield Part(called, words, (before,), (boxes, f"weights/{WEIGHTS[name]}"))
            before = called


def reports(config: Config, overrides: Sequence[str]) -> list[Part]:
    """The reports over all that is there, of those that are asked for."""
    own = [word for word in overrides if word.startswith(("paths.", "threads="))]
    only = tuple(config.reproduction.only)
    each = {
        "CIFAR-10": ("dataset=cifar10",),
        "objects": ("dataset=imagenet9", "dataset.title=objects"),
        "photographs": ("dataset=folder", "dataset.title=photographs"),
    }
    found = [Part(f"report {name}", ("experiment=report", *words)) for name, words in each.items()]
    return [part.with_words(own) for part in found if not only or part.name.startswith(only)]
