"""The claims: supported, refuted or not decided by these data, with possible confounders."""

from __future__ import annotations

from collections.abc import Sequence

from withstand.analysis.hypotheses import Answer, Confounder, Contrast, Measure, answer, load
from withstand.analysis.hypotheses.effects import MANY
from withstand.report.left_out import together
from withstand.report.sampling import MARK
from withstand.report.section import Context, Finding, Section
from withstand.report.table import IMAGES, Column, Row, Table, Value
from withstand.report.wording import between, group, listed, number, points, rounded, several, spaced
from withstand.results.metrics import find
from withstand.results.runs import LeftOut
from withstand.statistics import Estimate

PLACE = 5

_LEAD = (
    "Each claim is tested on classifiers that saw the same images. It is supported or refuted if p, corrected for all"
    " claims tested here, is below 5% and no pair has an interval on the other side of zero. “For …” states what the"
    " answer covers: with one training per model, only these trainings, since another training would differ; with"
    f" several seeds, these models; with {MANY} models on each side, their kinds. Intervals are at 95%."
)
_ORDER = ("supported", "refuted", "not decided")
_SHOWN = 8  # confounders in a sentence
_DIGITS = 3  # of a metric that is no share
_FACTS = {"corpus": "pretrained on", "image_size": "resolution"}
_SAMPLE = "† Based on a sample: a random part of the images under each condition."


def section(context: Context) -> Section | None:
    known = load()
    answers = answer(list(context.runs.values()), known)
    answered = sorted((one for one in answers if one.effect), key=lambda one: _ORDER.index(one.verdict))
    without = [LeftOut(f"“{one.hypothesis.claim}”", _no_data(one)) for one in answers if not one.effect]
    without += [LeftOut(f"the claim {name}", said) for name, said in known.broken.items()]
    return Section(
        "hypotheses",
        "Claims: supported, refuted or not decided",
        _LEAD + (" " + _silent(len(without)) if without else ""),
        tables=[table(answered)] if answered else [],
        left_out=without,
        findings=[finding(one, len(answered)) for one in answered],
    )


def finding(one: Answer, claims: int) -> Finding:
    """An answer in words; ``claims`` were tested together."""
    said = [_effect(one, claims)]
    if one.reason:
        said.append(f"{one.reason[0].upper()}{one.reason[1:]}.{_images(one)}")
    said += _clean(one) + _differs(one)
    if one.left_out:
        said.append(f"Left out: {_left_out(one.left_out)}.")
    if one.sampled:
        said.append(_SAMPLE)
    return Finding(one.hypothesis.claim, _verdict(one), said, one.scope)


def _images(one: Answer) -> str:
    """What would decide it, where images would."""
    return f" To show one of that size would take about {rounded(one.needed):,} images." if one.needed else ""


def _clean(one: Answer) -> list[str]:
    """The same difference on clean images, and in the drop from clean to corrupted."""
    if one.clean is None or one.drop is None:
        return []
    clean, drop = one.clean.times(100), one.drop.times(100)
    cause = ": clean accuracy is a possible confounder" if clean.excludes_zero else ""
    return [
        f"On clean images they differ by {points(clean.value, signed=True)} ({between(clean)}), and in the drop from"
        f" clean to corrupted by {points(drop.value, signed=True)} ({between(drop)}){cause}."
    ]


def _differs(one: Answer) -> list[str]:
    """Possible confounders, the most telling first."""
    said = []
    if one.confounders:
        first = "; ".join(f"{_fact(c)} ({_values(c)})" for c in one.confounders[:_SHOWN])
        more = len(one.confounders) - _SHOWN
        said.append(
            f"Possible confounders: {first}" + (f"; and {more} more, in the table." if more > 0 else ".")
        )
    elif one.hypothesis.less and not one.unrecorded:
        said.append("No other recorded setting differs between the two sides.")
    if one.unrecorded and one.hypothesis.less:
        said.append(f"The settings of {listed(one.unrecorded)} are not on record, so more may differ.")
    return said


def table(answered: Sequence[Answer]) -> Table:
    """A row for each claim, and under it one a pair where there are several."""
    rows = []
    for one in answered:
        metric = one.hypothesis.measure.metric
        values: dict[str, Value] = {
            "claim": one.hypothesis.claim,
            "verdict": _verdict(one),
            "scope": one.scope or None,
            "pair": _who(one),
            metric: _shown(one.effect, metric),
            "p_holm": one.p_holm,
            "p": one.p,
            "clean": one.clean.times(100) if one.clean else None,
            "drop": one.drop.times(100) if one.drop else None,
            "images": one.n,
            "differs": "; ".join(f"{_fact(c)}: {_values(c)}" for c in one.confounders) or None,
            "left_out": _left_out(one.left_out) or None,
        }
        rows.append(Row(values))
        if len(one.contrasts) > 1:
            rows += [
                Row(
                    {
                        "claim": one.hypothesis.claim,
                        "pair": _pair(c),
                        metric: _shown(c.effect, metric),
                        "images": one.n,
                    }
                )
                for c in one.contrasts
            ]
    metrics = dict.fromkeys(one.hypothesis.measure.metric for one in answered)
    columns = [
        Column("claim", "claim", prose=True),
        Column("verdict", "verdict"),
        Column("scope", "holds for"),
        Column("pair", "compared"),
        *(Column(m, _unit(m), _style(m)) for m in metrics),
        Column("p_holm", "p, Holm", "p"),
        Column("p", "p, uncorrected", "p"),
        Column("clean", "clean top-1, points", "+.1f"),
        Column("drop", "drop, points", "+.1f"),
        IMAGES,
        Column("differs", "possible confounders", prose=True),
        Column("left_out", "left out", prose=True),
    ]
    notes = ["The intervals of a claim’s pairs are simultaneous."] if len(rows) > len(answered) else []
    notes += [_SAMPLE] if any(one.sampled for one in answered) else []
    return Table("hypotheses", "Results of the tests", columns, rows, notes)


def _effect(one: Answer, claims: int) -> str:
    """What was measured of whom, and how sure it is, in a sentence."""
    metric = one.hypothesis.measure.metric
    share, effect = find(metric).share, _shown(one.effect, metric)
    assert effect is not None
    size = points(effect.value, signed=True) if share else number(effect.value, "+", _DIGITS)
    p = Column("", "", "p").text(one.p_holm)
    p = f"p\u00a0{p}" if p.startswith("<") else f"p\u00a0=\u00a0{p}"
    return (
        f"{_measured(one.hypothesis.measure)}, {_who(one)}: {size} ({between(effect, 1 if share else _DIGITS)}), on"
        f" {several(one.n, 'image')}; {p}"
        + (f" after Holm’s correction for {claims} claims." if claims > 1 else ".")
    )


def _measured(measure: Measure) -> str:
    if measure.of == "collection":
        return f"{find(measure.metric).title} on {spaced(measure.over)}"
    if measure.of not in ("corruption", "finetuning", "background"):
        return f"{find(measure.metric).title} under {spaced(measure.of)}"
    place = (lambda name: f"on {spaced(name)} backgrounds") if measure.of == "background" else group
    less = f", minus that {place(measure.minus)}" if measure.minus else ""
    gained = " gained by fine-tuning" if measure.of == "finetuning" else ""
    return f"{find(measure.metric).title}{gained} {place(measure.over)}{less}"


def _who(one: Answer) -> str:
    if len(one.contrasts) == 1:
        return _pair(one.contrasts[0])
    return f"mean of {len(one.contrasts)} {'pairs' if one.hypothesis.less else 'classifiers'}"


def _pair(one: Contrast) -> str:
    """``a − b``, and how many trainings of each where there are several."""
    sides = [name for name in (one.more, one.less) if name]
    if max(one.seeds) > 1:
        sides = [
            f"{seeds} seeds of {name}" if seeds > 1 else name
            for name, seeds in zip(sides, one.seeds, strict=False)
        ]
    return " − ".join(sides)


def _verdict(one: Answer) -> str:
    return one.verdict + (MARK if one.sampled else "")


def _shown(effect: Estimate | None, metric: str) -> Estimate | None:
    return effect.times(100) if effect and find(metric).share else effect


def _style(metric: str) -> str:
    return "+.1f" if find(metric).share else f"+.{_DIGITS}f"


def _unit(metric: str) -> str:
    known = find(metric)
    return f"{known.title}, points" if known.share else known.title


def _fact(one: Confounder) -> str:
    return _FACTS.get(one.fact, one.fact)


def _values(one: Confounder) -> str:
    """What the two sides have, each different pair of values once."""
    pairs = dict.fromkeys((_number(a), _number(b)) for a, b in zip(one.more, one.less, strict=True) if a != b)
    return listed([f"{a} against {b}" for a, b in pairs])


def _number(value: str) -> str:
    return f"{int(value):,}" if value.isdecimal() else "not on record" if value in ("None", "") else value


def _left_out(those: Sequence[LeftOut]) -> str:
    """Who was left out and why, those of one reason together."""
    return "; ".join(f"{one.what}: {one.reason}" for one in together(those))


def _no_data(one: Answer) -> str:
    return one.reason + (f" ({_left_out(one.left_out)})" if one.left_out else "")


def _silent(claims: int) -> str:
    many = f"for {claims} claims" if claims > 1 else "for one claim"
    return f"There are no data here {many}; “What was left out, and why” gives the reason."
