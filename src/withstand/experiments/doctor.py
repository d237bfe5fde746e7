"""What is here, and where what is missing belongs."""

from __future__ import annotations

import sys

from withstand import __version__
from withstand.base.console import say
from withstand.config.schema import Config
from withstand.session import doctor

USES = ()


def _giga(rate: float) -> str:
    return f"{rate / 1e9:,.0f}" if rate >= 1e10 else f"{rate / 1e9:.2g}"


def run(config: Config, overrides: list[str]) -> int:
    say(f"withstand {__version__}; {doctor.machine()}")
    say("  " + ", ".join(f"{name} {version}" for name, version in doctor.versions().items()))
    if sys.prefix == sys.base_prefix:
        say("  this Python is no virtual environment: what you install for other projects can change it")
    say("\nDevices, with the speed of a matrix product as measured now")
    for name, rates in doctor.speeds():
        said = ", ".join(f"{kind} {_giga(rate)} GFLOP/s" for kind, rate in rates.items())
        say(f"  {name}: {said}")
    say(f"  engines: {', '.join(doctor.engines())}; measurements are kept in {doctor.measured()}")
    for title, places in (("Data", doctor.data(config)), ("Weights", doctor.weights(config))):
        say(f"\n{title}: what is missing belongs at its path, or is downloaded where there is a network")
        for place in sorted(places, key=lambda one: not one.there):
            say(f"  {'found  ' if place.there else 'missing'}  {place.name}: {place.path}")
    say("\nExtras")
    for name, (there, adds) in doctor.extras().items():
        how = "" if there else f' (pip install "withstand[{name}]")'
        say(f"  {'found  ' if there else 'missing'}  {name}: {adds}{how}")
    return 0
