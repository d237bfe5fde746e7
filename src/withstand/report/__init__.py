"""Tables, figures and verdicts made from stored predictions. Nothing here needs a network, or torch."""

from withstand.report.page import write

__all__ = ["write"]
