"""What was tried, what came of it, and how to repeat what failed."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Row:
    """One row of the table."""

    name: str
    command: str
    tried: int = 0
    came: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, what: str, wrong: str, again: str) -> None:
        """One try: ``what`` came of it; ``wrong`` is empty where that is right; ``again`` repeats it."""
        self.tried += 1
        self.came[what] += 1
        if wrong:
            self.failed.append(f"{again}: {wrong}")
            print(f"FAILED {self.failed[-1]}", flush=True)
        if self.tried % 50 == 0:
            print(f"{self.name}: {self.tried:,} tried, {len(self.failed)} failed", flush=True)

    def end(self) -> int:
        """Print it; gives the exit code."""
        came = ", ".join(f"{count:,} {what}" for what, count in self.came.most_common())
        seconds = time.monotonic() - self.began
        print(f"| {self.name} | {self.tried:,} | {came} | {len(self.failed)} | {seconds:,.0f} s |")
        return 1 if self.failed else 0
