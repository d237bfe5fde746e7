"""Hypotheses as data: a small YAML names a claim, and the runs at hand answer it.

>>> for one in hypotheses.answer(withstand.load_runs("checkpoints"), hypotheses.load()):
...     print(one.hypothesis.claim, one.verdict, one.effect, one.p_holm)
"""

from withstand.analysis.hypotheses.answer import Answer, Contrast, answer
from withstand.analysis.hypotheses.claim import Hypothesis, Measure, load, read
from withstand.analysis.hypotheses.confounders import Confounder

__all__ = ["Answer", "Confounder", "Contrast", "Hypothesis", "Measure", "answer", "load", "read"]
