"""How corrupted images were made, in words and as facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BETWEEN = "interpolated, not published"


@dataclass(frozen=True)
class Way:
    """All that corrupted images depend on beside the clean ones.

    Attributes:
        version: of withstand.
        ice: what tells drawn frost from the published photographs; empty for those.
        own: constants in place of the preset's, by corruption.
        lossy: how they were compressed since; empty where nothing was lost.
    """

    version: str
    seed: int
    preset: str
    ice: str = ""
    own: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)
    lossy: str = ""

    @property
    def words(self) -> str:
        return ", ".join(
            [
                f"withstand {self.version}",
                f"seed {self.seed}",
                f"preset {self.preset}",
                *([f"frost {self.ice}"] if self.ice else []),
                *([f"constants of its own, not published, of {', '.join(self.own)}"] if self.own else []),
                *([f"compressed as {self.lossy}"] if self.lossy else []),
            ]
        )

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        """Of one corruption, or of all; equal facts mean equal images."""
        known: dict[str, Any] = {
            "corruptions": f"withstand {self.version}",
            "seed": self.seed,
            "preset": self.preset,
        }
        if self.ice and corruption in (None, "frost"):
            known["frost"] = self.ice
        rows = {name: [list(row) for row in rows] for name, rows in self.own.items()}
        if corruption is None and rows:
            known["constants"] = rows
        elif corruption in rows:
            known["constants"] = rows[corruption]
        if severity is not None and severity != int(severity):
            known["severity"] = BETWEEN
        return known | ({"compressed": self.lossy} if self.lossy else {})
