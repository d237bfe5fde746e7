"""Where the numbers come from: what made each run, and which corrupted images it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from withstand.results.run import Run


@dataclass(frozen=True)
class Provenance:
    """What made a run, as label and text, and its whole configuration as YAML."""

    name: str
    facts: dict[str, str]
    config: str


def of(name: str, run: Run) -> Provenance:
    """What ``provenance.json`` of the run says, for people."""
    made = run.provenance
    facts = {
        "Command": made.get("command"),
        "Seed": made.get("seed"),
        "Pretrained": made.get("pretrained") or "no",
        "Parameters": f"{made['parameters']:,}" if made.get("parameters") else None,
        "Image size": made.get("image_size"),
        "Device": made.get("device"),
        "Precision": made.get("precision"),
        "Weights": made.get("weights_digest"),
        "Code": made.get("git_revision"),
        "Versions": ", ".join(
            f"{package} {version}" for package, version in (made.get("versions") or {}).items()
        ),
        "Made": made.get("made"),
    }
    return Provenance(
        name,
        {label: str(fact) for label, fact in facts.items() if fact not in (None, "")},
        yaml.safe_dump(made.get("config") or {}, sort_keys=False, allow_unicode=True).strip(),
    )


def corruption_sources(runs: Mapping[str, Run]) -> list[str]:
    """Which corrupted images the runs saw, official or made."""
    by_source: dict[str, list[str]] = {}
    for name, run in runs.items():
        said = run.summary.get("corruption_source")
        if said:
            by_source.setdefault(str(said), []).append(name)
    if len(by_source) <= 1:
        return [f"Corrupted images: {said}." for said in by_source]
    return [f"Corrupted images of {', '.join(called)}: {said}." for said, called in by_source.items()]
