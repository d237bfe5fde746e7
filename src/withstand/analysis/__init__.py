"""What results say: comparisons, pairs, gains, hypotheses. Imports no torch."""
