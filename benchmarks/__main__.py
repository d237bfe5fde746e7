"""`python -m benchmarks`: run the benchmarks, all or those named, and keep what they measured.

A benchmark is a file `bench_NAME.py` in this folder with a docstring, whose first line is its title, and a function
`run(options: Options) -> list[Contest]`. It is found by its name; there is nothing to register.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "src"))

from benchmarks.frame import RESULTS, Contest, Options, hardware  # noqa: E402
from withstand.base import json_file  # noqa: E402
from withstand.base.errors import UserError, nearest  # noqa: E402


def titles() -> dict[str, str]:
    """The benchmarks there are, by name."""
    found = {}
    for file in sorted(FOLDER.glob("bench_*.py")):
        docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found[file.stem.removeprefix("bench_")] = docstring.split("\n")[0]
    return found


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    words.add_argument("names", nargs="*", help="benchmarks to run; none: all")
    words.add_argument("--list", action="store_true", help="say which benchmarks there are")
    words.add_argument("--quick", action="store_true", help="tiny sizes, to see that they run; keeps nothing")
    words.add_argument("--data", type=Path, default=Path("data"), help="folder of real data (default: data)")
    words.add_argument("--device", default="auto", help="auto, cpu, cuda")
    words.add_argument(
        "--checkpoint", type=Path, help="best_model.pth of resnet50 on CIFAR-10, for agreement"
    )
    words.add_argument(
        "--out", type=Path, default=RESULTS, help="where results go (default: benchmarks/results)"
    )
    chosen = words.parse_args()
    known = titles()
    if chosen.list:
        print("\n".join(f"{name:16} {title}" for name, title in known.items()))
        return 0
    for name in chosen.names:
        if name not in known:
            raise UserError(f"there is no benchmark '{name}'; {nearest(name, known)}")
    if chosen.checkpoint and not chosen.checkpoint.is_file():
        raise UserError(f"--checkpoint {chosen.checkpoint} is not a file")
    options = Options(chosen.quick, chosen.data, chosen.device, chosen.checkpoint)
    for name in chosen.names or known:
        print(f"{name}: {known[name]}", flush=True)
        contests = importlib.import_module(f"benchmarks.bench_{name}").run(options)
        for each in contests:
            show(each)
        if not options.quick:
            keep(name, known[name], contests, chosen.out)
    return 0


def show(contest: Contest) -> None:
    print(f"  {contest.work} ({contest.amount:,} {contest.unit})")
    for name in contest.seconds:
        ratio = "" if name == contest.ours else f"   withstand: {contest.ratio(name):.2f}×"
        print(f"    {name:40} {contest.rate(name):12,.1f} {contest.unit}/s{ratio}", flush=True)
    for key, value in contest.notes.items():
        print(f"    {key}: {value}", flush=True)


def keep(name: str, title: str, contests: list[Contest], folder: Path) -> None:
    """Write ``folder/NAME.HARDWARE.json``."""
    machine = hardware()
    content = {
        "benchmark": name,
        "title": title,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": machine,
        "contests": [each.record() for each in contests],
    }
    json_file.write(folder / f"{name}.{machine['name']}.json", content)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
