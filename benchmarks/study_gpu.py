"""The study itself, in full: `python -m benchmarks.study_gpu --data FOLDER`; `--small` shows on a CPU that it runs.

CIFAR-10-C's layout from our own corruptions, then for each model experiments 1 and 2 and experiment 3 by both
protocols, then the report. Every part is a `python main.py` of its own, which goes on where it was, so a run that
was stopped is started again with the same command. Times go to `results/study.HARDWARE.json` after each part, the
report beside it; a part that was stopped in between has the time of its last stretch. `--check` composes every command
of the full run, says what it would take, and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from benchmarks.frame import RESULTS, hardware  # noqa: E402
from benchmarks.study_needs import needs  # noqa: E402
from withstand.base import json_file  # noqa: E402
from withstand.base.errors import UserError  # noqa: E402
from withstand.config.composing import compose  # noqa: E402
from withstand.session.usage import used  # noqa: E402

MODELS = ("resnet50", "vit_small", "vit_tiny_pretrained")
SMALL = (
    "train.epochs=1",
    "dataset.train_limit=64",
    "dataset.test_limit=24",
    "shift.severities=[1,2,3,4,5]",
    "finetune.images_per_epoch=64",
    "finetune.test=0.2",  # enough that both protocols test some images in common
)


def parts(common: list[str], small: bool) -> dict[str, list[str]]:
    """Each part's name and the words of its command, in order."""
    found = {"corrupt": ["experiment=corrupt", *used("corrupt", common)]}
    for model in MODELS:
        found[f"{model}: experiments 1 and 2"] = [
            "experiment=study",
            f"model={model}",
            *used("study", common),
        ]
        for protocol in ("grouped", "published"):
            words = ["experiment=finetune", f"model={model}", f"finetune.protocol={protocol}"]
            words += used("finetune", common)
            found[f"{model}: experiment 3, {protocol}"] = words
    found["report"] = ["experiment=report", f"models=[{','.join(MODELS)}]", *used("report", common)]
    if not small:
        return found
    extra = {"experiment=corrupt": SMALL[1:4], "experiment=study": SMALL[:4], "experiment=finetune": SMALL}
    return {name: [*words, *extra.get(words[0], ())] for name, words in found.items()}


def main() -> int:
    chosen = _arguments()
    common = [
        "dataset=cifar10",
        f"paths.data={chosen.data.resolve()}",
        f"paths.checkpoints={(chosen.work / 'checkpoints').resolve()}",
        f"paths.reports={(chosen.work / 'reports').resolve()}",
        f"shift.written={(chosen.work / 'cifar10-corrupted').resolve()}",
        *chosen.settings,
    ]
    # Everything is composed before anything runs: no misspelt setting is found out after hours, or by no part at all.
    compose(common)
    full = {name: compose(words) for name, words in parts(common, small=False).items()}
    commands = parts(common, chosen.small)
    for words in commands.values():
        compose(words)
    if chosen.check:
        for name, words in commands.items():
            print(f"== {name}\npython main.py {shlex.join(words)}")
        print("\n".join(needs(full)))
        return 0
    machine = hardware()
    record = chosen.out / f"study.{machine['name']}{'.small' if chosen.small else ''}.json"
    code = _run(commands, record, {"hardware": machine, "small": chosen.small, "needs_in_full": needs(full)})
    if code:
        return code
    report = chosen.work / "reports" / "cifar10"
    shutil.copytree(report, record.with_suffix(""), dirs_exist_ok=True)
    seconds = json.loads(record.read_text(encoding="utf-8"))["seconds"]
    print(f"{sum(seconds.values()):,.0f} s in all; {record}; report: {record.with_suffix('')}")
    if chosen.small:
        print("\n".join(needs(full)))
    return 0


def _run(commands: dict[str, list[str]], record: Path, about: dict[str, object]) -> int:
    """Run each part and note its time; gives the exit code of the first that fails."""
    times: dict[str, float] = (
        json.loads(record.read_text(encoding="utf-8"))["seconds"] if record.is_file() else {}
    )
    for name, words in commands.items():
        print(f"== {name}", flush=True)
        started = time.perf_counter()
        code = subprocess.run([sys.executable, str(ROOT / "main.py"), *words], check=False).returncode
        if code:
            print(f"stopped at '{name}'; the same command goes on from there", file=sys.stderr)
            return code
        times.setdefault(name, time.perf_counter() - started)  # one that was done already keeps its time
        json_file.write(record, {**about, "seconds": times})
    return 0


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m benchmarks.study_gpu")
    words.add_argument("--data", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("study"), help="checkpoints and corrupted images")
    words.add_argument("--out", type=Path, default=RESULTS)
    words.add_argument(
        "--small", action="store_true", help="tiny sizes: shows that it runs, measures nothing"
    )
    words.add_argument("--check", action="store_true", help="compose every command, say what it takes, stop")
    words.add_argument("settings", nargs="*", help="KEY=VALUE for every run, e.g. device=cuda:1")
    return words.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
