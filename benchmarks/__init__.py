"""Side-by-side measurements of withstand and its peers; `python -m benchmarks --list` says which."""
