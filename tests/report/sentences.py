"""Reads a report's sentences back: every one must be of a form known here, and gives the numbers that it claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NUMBER = r"[+−]?(?:[\d,]+(?:\.\d+)?|∞)"
RANGE = rf"(?P<low>{NUMBER}) to (?P<high>{NUMBER})"
WHERE = r"(?P<where>under corruption|on clean images)"
LEAD = rf"(?P<value>{NUMBER}) points?"

NEEDED = r"(?: To show (?:a difference|one) of that size would take about (?P<needed>[\d,]+) images\.)?"

AHEAD = r"(?:holds up best|is the most accurate)"
HEADLINES = {
    "alone": rf"(?P<model>\S+): (?P<value>{NUMBER})% accuracy {WHERE}",
    "best": rf"(?P<model>\S+) {AHEAD} of these \w+ trainings: (?P<value>{NUMBER})% accuracy {WHERE}",
    "seeds": rf"(?P<model>\S+) {AHEAD}, over seeds: (?P<value>{NUMBER})% accuracy {WHERE}",
    "seeds tied": r"No clear winner over seeds: (?P<model>\S+) is within error of (?P<others>.+)",
    "circle": r"No clear winner: every model is behind another on the images that both saw",
    "tied": r"No clear winner: (?P<model>\S+) and (?P<others>\S+) are within error",
    "many": r"No clear winner: (?P<model>\S+) is within error of (?P<others>.+)",
}
VERDICT = {
    "mean": rf"(?P<model>\S+) has (?P<value>{NUMBER})% accuracy {WHERE}"
    rf" \(95% interval {RANGE}\), on (?P<sample>a sample, )?(?P<images>[\d,]+) images?(?: under (?P<conditions>\d+)"
    r" corrupted conditions?)?\.",
    "above": rf"(?P<model>\S+) is {LEAD} above (?P<other>\S+) \({RANGE}\), which may be chance: the interval includes"
    rf" zero\.{NEEDED}",
    "level": rf"(?P<model>\S+) and (?P<other>\S+) are level: the difference is (?P<value>0\.0) points \({RANGE}\)\.",
    "ahead": rf"(?P<model>\S+) is {LEAD} ahead of (?P<other>\S+) \({RANGE}\)\.",
    "rest": r"The other (?:(?P<count>\d+) comparisons are|comparison is) in the table of pairs\.",
    "clean": rf"On clean images (?P<model>\S+) is {LEAD} ahead of (?P<other>\S+) \({RANGE}\)\.",
    "steadier": rf"From clean to corrupted images (?P<model>\S+) loses {LEAD} less than (?P<other>\S+) \({RANGE}\)\.",
    "worst": rf"The worst corruption(?: of every model)? on these images is (?P<variant>[\w ]+):"
    rf" (?P<value>{NUMBER})% \({RANGE}\)(?: for (?P<model>\S+))?\.",
    "seeds": rf"(?P<model>\S+) has (?P<value>{NUMBER})% accuracy {WHERE} \(95% interval {RANGE}\), on"
    r" (?P<images>[\d,]+) images; trainings: (?P<trainings>.+)\. The intervals allow for another training and other"
    r" images\.",
    "nothing": r"No corrupted images were evaluated yet\.",
}
FINDING = {
    "effect": rf"(?P<measure>[^:]+), (?P<who>[^:,]+): (?P<value>{NUMBER})(?: points?)? \({RANGE}\), on"
    rf" (?P<images>[\d,]+) images; p\s(?:=\s(?P<p>[\d.e-]+)|< 0\.0001)"
    r"(?: after Holm’s correction for (?P<claims>\d+) claims)?\.",
    "chance": rf"The difference may be chance\.{NEEDED}",
    "disagree": r"The pairs disagree: (?P<pairs>.+) (?:has|have) the opposite sign\.",
    "beside": rf"On clean images they differ by {LEAD} \({RANGE}\), and in the drop from clean to corrupted by"
    rf" (?P<drop>{NUMBER}) points? \((?P<drop_low>{NUMBER}) to (?P<drop_high>{NUMBER})\)"
    r"(?P<cause>: clean accuracy is a possible confounder)?\.",
    "confounders": r"Possible confounders: .+\.",
    "no confounder": r"No other recorded setting differs between the two sides\.",
    "unrecorded": r"The settings of .+ are not on record, so more may differ\.",
    "left out": r"Left out: .+\.",
    "sample": r"† Based on a sample: a random part of the images under each condition\.",
}


@dataclass(frozen=True)
class Said:
    """What one sentence claims: its kind, its words and its numbers."""

    kind: str
    words: Mapping[str, str | None]

    def __getitem__(self, key: str) -> str:
        found = self.words[key]
        assert found is not None, f"{self.kind} says no {key}"
        return found

    def number(self, key: str) -> float:
        return number(self[key])


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").replace("∞", "inf"))


def read(sentence: str, forms: Mapping[str, str]) -> Said:
    """The one form that the whole sentence has."""
    found = [Said(kind, m.groupdict()) for kind, form in forms.items() if (m := re.fullmatch(form, sentence))]
    assert found, f"no form is known for: {sentence}"
    assert not re.search(r"\b1 (images|conditions|corrupted conditions|runs|models)\b", sentence), sentence
    return found[0]


def read_all(sentences: Iterable[str], forms: Mapping[str, str] = VERDICT) -> list[Said]:
    return [read(one, forms) for one in sentences]


def names(listed: str) -> list[str]:
    """``a, b and c`` as a list."""
    return re.split(r", | and ", listed)


def shown(said: str, value: float) -> bool:
    """Whether the text is this value rounded as it is shown, and no zero for what is not."""
    digits = len(said.partition(".")[2])
    if said.lstrip("+−").strip("0.") == "":
        return abs(value) < 0.5 * 10.0**-4 if digits > 1 else abs(value) < 1e-12
    # A mean of values that are kept as float32 may lie this far from that of the same in float64.
    return abs(number(said) - value) <= 0.5 * 10.0**-digits + 1e-6
