"""What ``withstand.evaluate`` gives: a run, shown as a table with intervals, as a figure, and as a report."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from withstand import report
from withstand.analysis.comparison import Comparison, compare
from withstand.analysis.groups import ALL
from withstand.report import canvas, overview
from withstand.report.section import Context
from withstand.report.style import looks
from withstand.results.conditions import CLEAN
from withstand.results.run import Run
from withstand.results.runs import Runs


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A run at hand.

    Attributes:
        run: all that was predicted, and the record of it.
    """

    run: Run

    def frame(self, metrics: list[str] | None = None) -> pd.DataFrame:
        """A row for each shift, group of conditions and metric (all by default): value, low, high, n."""
        parts = [found.frame(metrics).assign(shift=shift) for shift, found in self._compared().items()]
        whole = pd.concat(parts, ignore_index=True).rename(columns={"run": "model"})
        return whole[["model", "shift", *whole.columns.drop(["model", "shift"])]].drop_duplicates(
            ["model", "group", "metric", "shift"], ignore_index=True
        )

    def report(self, to: str | Path) -> Path:
        """Write the whole report: as one page, where ``to`` ends in ``.html``; else as a folder with its tables and
        figures.
        """
        place = Path(to)
        if place.suffix != ".html":
            return report.write(Runs([self.run]), place)
        with tempfile.TemporaryDirectory() as folder:
            page = report.write(Runs([self.run]), Path(folder) / "report")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, place)
        return place

    def __repr__(self) -> str:
        return f"{self.run.model} on {self.run.dataset}\n{self._short().to_string(index=False)}"

    def _repr_html_(self) -> str:
        """The table and the figure, for a notebook."""
        found = compare(self.run)
        names = {self.run.model: self.run}
        drawn = overview.picture(Context(names, found, looks(tuple(names))))
        shown = "" if drawn is None else canvas.svg(drawn.drawn(), drawn.name)
        return f"{self._short().to_html(index=False, border=0)}{shown[shown.find('<svg') :] if shown else ''}"

    def _compared(self) -> dict[str, Comparison]:
        shifts = [one for one in self.run.shifts if one != CLEAN.shift]
        found = {shift: compare(self.run, shift=shift) for shift in shifts}
        if CLEAN in self.run.conditions and not any("clean" in one.groups for one in found.values()):
            # Nothing but images of their own beside it.
            found = {CLEAN.shift: compare(self.run.under([CLEAN]))} | found
        return found

    def _short(self) -> pd.DataFrame:
        """Top-1 in percent with its interval: clean, and the mean and each variant of every shift."""
        rows = []
        for shift, found in self._compared().items():
            variants = list(dict.fromkeys(one.variant for one in found.conditions))
            shown = [ALL] if len(found.conditions) > 1 else []
            for group in [*(["clean"] if found.clean else []), *shown, *variants]:
                share = found.accuracy(self.run.model, group).times(100)
                label = f"mean under {shift}" if group == ALL else group.replace("_", " ")
                rows.append(
                    {
                        "images": label,
                        "top-1 %": f"{share.value:.1f}",
                        "95%": f"{share.low:.1f} to {share.high:.1f}",
                        "n": share.n,
                    }
                )
        rows.sort(key=lambda row: row["images"] != "clean")  # first; the others keep their order
        return pd.DataFrame(rows).drop_duplicates("images", ignore_index=True)
