"""A backgrounds challenge from one's own images: every object on other backgrounds, in the layout of ImageNet-9."""

from __future__ import annotations

import shlex
from pathlib import Path

from withstand.analysis.backgrounds.reliance import one_of_each_class
from withstand.backgrounds.layout import read
from withstand.backgrounds.make import build, sources
from withstand.backgrounds.variants import VARIANTS
from withstand.base.console import say
from withstand.base.lock import one_writer
from withstand.config.schema import Config
from withstand.images.photographs import decoded
from withstand.report import canvas, sheet

USES = ("make_backgrounds", "cluster")


def run(config: Config, overrides: list[str]) -> int:
    settings = config.make_backgrounds
    found = sources.read(settings)
    say(f"{len(found):,} images in {len({source.folder for source in found})} classes → {settings.to}")
    to = Path(settings.to)
    with one_writer(to, config.lock):
        made = build.build(settings, found, config.seed, config.overwrite)
        _draw_sheet(to, len(made.kept), settings.size)
    kept = sum(made.kept.values())
    say(
        f"  {kept:,} foregrounds in {len(VARIANTS)} variants; the fewest of a class: {min(made.kept.values()):,}"
    )
    if made.left_out:
        say(f"  {len(made.left_out):,} of {len(found):,} images are left out:")
    for reason, names in made.reasons():
        say(f"    {len(names):,}: {reason} (e.g. {names[0]})")
    say(f"  look at {to / 'sheet.png'}; what went where is in {to / 'manifest.json'}; then, for instance:")
    own = [f"dataset.folder={to}", f"dataset.title={to.absolute().name}"]
    own += [f"dataset.size={settings.size}", f"dataset.num_classes={len(made.kept)}"]
    say(f"  python main.py experiment=background model=resnet50_pretrained_in9 {shlex.join(own)}")
    return 0


def _draw_sheet(to: Path, classes: int, size: int) -> None:
    """One foreground of each class in every variant, as a picture."""
    layout = read(to, None, classes)
    rows = one_of_each_class(layout.labels, most=classes)
    shown = {
        variant: decoded([files[row] for row in rows], to, size, to / build.WORK, f"sheet-{variant}").images
        for variant, files in layout.files.items()
    }
    names = [layout.classes[layout.labels[row]] for row in rows]
    canvas.save_png(sheet.draw(shown, names), to / "sheet.png")
