"""Analysis of predictions under several backgrounds."""
