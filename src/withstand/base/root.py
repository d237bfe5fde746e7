"""Where a function crosses zero, by Chandrupatla's method (1997): parabolas where they are safe, else halves.

SciPy's solvers are as good, but `scipy.optimize` takes a quarter of a second to import, for this alone.
"""

from __future__ import annotations

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, xtol: float, rtol: float) -> float:
    """A place between ``low`` and ``high`` within ``xtol`` + ``rtol`` × its size of one where the sign changes.

    Args:
        function: continuous, finite at both ends and of unlike signs there.

    Raises:
        ValueError: the signs at the ends are alike.
    """
    new, kept = low, high
    at_new, at_kept = function(low), function(high)
    if not min(at_new, at_kept) <= 0 <= max(at_new, at_kept):
        raise ValueError("the signs at the ends are alike")
    if at_new == 0 or at_kept == 0:
        return low if at_new == 0 else high
    step = 0.5
    while True:
        place = new + step * (kept - new)
        value = function(place)
        # Of the three places, the root is between the two newest that have unlike signs.
        if (value > 0) == (at_new > 0):
            last, at_last = new, at_new
        else:
            last, at_last = kept, at_kept
            kept, at_kept = new, at_new
        new, at_new = place, value
        best = new if abs(at_new) < abs(at_kept) else kept
        least = (xtol + rtol * abs(best)) / abs(kept - new) if kept != new else 1.0
        if value == 0 or least > 0.5:
            return best
        step = min(max(_step(new, kept, last, at_new, at_kept, at_last), least), 1 - least)


def _step(new: float, kept: float, last: float, at_new: float, at_kept: float, at_last: float) -> float:
    """The share of the way from ``new`` to ``kept``: to the zero of the parabola through all three, if it is safe."""
    where = (new - kept) / (last - kept)
    share = (at_new - at_kept) / (at_last - at_kept)
    if not (share**2 < where and (1 - share) ** 2 < 1 - where):
        return 0.5
    straight = at_new / (at_kept - at_new) * at_last / (at_kept - at_last)
    bent = (last - new) / (kept - new) * at_new / (at_last - at_new) * at_kept / (at_last - at_kept)
    return straight + bent
