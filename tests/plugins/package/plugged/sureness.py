"""The probability of the answer, right or wrong."""

from __future__ import annotations

from withstand.results.metrics import Metric, probabilities

METRIC = Metric(lambda read: probabilities(read).max(axis=1), "Sureness", "higher", high=1)
