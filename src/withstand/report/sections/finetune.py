"""What fine-tuning on corrupted images buys back: before and after, seen and unseen, and the price of a leak."""

from __future__ import annotations

from withstand.analysis.changes import changes
from withstand.report import finetune_figure
from withstand.report.finetune_tables import Done, tables, worth_of_leak
from withstand.report.left_out import FEW_IMAGES
from withstand.report.section import Context, Picture, Section
from withstand.results.runs import LeftOut

PLACE = 60

_LEAD = (
    "Each line tests the same images before and after. Gains are paired by source image, with 95% intervals over"
    " source images. An image that was seen in training, under whatever corruption, is no test: where “seen”"
    " is not 0, the gain may be memory in part."
)


def section(context: Context) -> Section | None:
    done = {name: changes(run.folder) for name, run in context.runs.items()}
    done = {name: tuned for name, tuned in done.items() if tuned}
    if not done:
        return None
    pictures = [
        Picture(
            f"finetune-{protocol}",
            f"Fine-tuned, {protocol}: points of top-1 gained under each corruption, mean over severities, with 95%"
            " intervals; an open mark: a corruption left out of training.",
            finetune_figure.draw(
                {name: one for name, tuned in done.items() for one in tuned if one.name == protocol},
                context.looks,
            ),
        )
        for protocol in dict.fromkeys(one.name for tuned in done.values() for one in tuned)
    ]
    return Section("finetune", "What fine-tuning buys back", _LEAD, pictures, tables(done), _left_out(done))


def _left_out(done: Done) -> list[LeftOut]:
    """Leaks that have no price, and why; gains that rest on few images."""
    worth = {name: worth_of_leak(tuned) for name, tuned in done.items()}
    few = [
        LeftOut(f"{name} ({one.name})", f"gains that rest on {len(one.ids)} images, fewer than {FEW_IMAGES}")
        for name, tuned in done.items()
        for one in tuned
        if len(one.ids) < FEW_IMAGES
    ]
    return few + [
        LeftOut(f"{name}, the price of the leak", reason)
        for name, reason in worth.items()
        if isinstance(reason, str)
    ]
