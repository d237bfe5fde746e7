"""Analysis of results: comparisons, pairs, gains, hypotheses. Imports no torch."""
