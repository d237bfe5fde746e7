"""Do the intervals hold what they say? Simulations where the truth is known: ``python -m benchmarks.coverage``.

Each line draws data many times over, from a world whose truth is known, and counts how often the 95% interval covers
it, or how often a claim that is false is made. The suite does the same at small size.
"""
