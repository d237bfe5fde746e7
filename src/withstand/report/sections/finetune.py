"""Fine-tuning on corrupted images: before and after, seen and unseen, and how much a leak inflates accuracy."""

from __future__ import annotations

from withstand.analysis.changes import changes, gone
from withstand.report import finetune_figure
from withstand.report.finetune_tables import Done, tables, worth_of_leak
from withstand.report.left_out import FEW_IMAGES
from withstand.report.section import Context, Picture, Section
from withstand.report.wording import several
from withstand.results.runs import LeftOut

PLACE = 60

_LEAD = (
    "Each row tests the same images before and after fine-tuning. Gains are paired by source image, with 95% intervals"
    " over source images. An image that training saw under any corruption does not test generalisation: where “seen”"
    " is not 0, part of the gain may be memorisation."
)


def section(context: Context) -> Section | None:
    done = {name: changes(run.folder) for name, run in context.runs.items()}
    done = {name: tuned for name, tuned in done.items() if tuned}
    lost = [
        LeftOut(f"{name} ({one})", "its predictions are gone; give its command again")
        for name, run in context.runs.items()
        for one in gone(run.folder)
    ]
    if not done and not lost:
        return None
    pictures = [
        Picture(
            f"finetune-{protocol}",
            f"Fine-tuned, {protocol}: points of top-1 gained under each corruption, mean over severities, with 95%"
            " intervals. Open marks: corruptions left out of training.",
            finetune_figure.draw(
                {name: one for name, tuned in done.items() for one in tuned if one.name == protocol},
                context.looks,
            ),
        )
        for protocol in dict.fromkeys(one.name for tuned in done.values() for one in tuned)
    ]
    return Section(
        "finetune", "Fine-tuning on corrupted images", _LEAD, pictures, tables(done), lost + _left_out(done)
    )


def _left_out(done: Done) -> list[LeftOut]:
    """Leaks whose effect cannot be computed, and why; gains that rest on few images."""
    worth = {name: worth_of_leak(tuned) for name, tuned in done.items()}
    few = [
        LeftOut(
            f"{name} ({one.name})",
            f"the gains rest on {several(len(one.ids), 'image')}, fewer than {FEW_IMAGES}",
        )
        for name, tuned in done.items()
        for one in tuned
        if len(one.ids) < FEW_IMAGES
    ]
    return few + [
        LeftOut(f"{name}, how much the leak inflates accuracy", reason)
        for name, reason in worth.items()
        if isinstance(reason, str)
    ]
