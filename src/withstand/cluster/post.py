"""Jobs on their way to the nodes: each is packed once, and kept while somebody may ask for it."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from withstand.base.crew import Job
from withstand.base.errors import UserError
from withstand.cluster.parcels import Parcel, Sender


@dataclass(frozen=True)
class Sent:
    """A job as it is sent: by its key, with a reference to its content."""

    key: str
    content: Any
    parcel: Parcel


class Post:
    """Packs jobs.

    Args:
        put: keeps something where nodes can get it, and gives what they get it by.
    """

    def __init__(self, put: Callable[[Any], Any]) -> None:
        self._put, self._sender = put, Sender(put)
        self._sent: weakref.WeakKeyDictionary[Job, dict[bool, Sent]] = weakref.WeakKeyDictionary()

    def sending(self, job: Job, *, whole: bool = False) -> Sent:
        """A job; ``whole``: with what lies in files.

        Raises:
            UserError: something in it cannot be sent.
        """
        known = self._sent.setdefault(job, {})
        if whole not in known:
            try:
                parcel = self._sender.pack(job, whole=whole)
            except Exception as error:  # what cannot be pickled says so in many ways
                said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                raise UserError(
                    f"{job.title} cannot be sent to other processes ({said}); leave cluster=ray out"
                ) from error
            # By its content: a worker that has loaded the same for an earlier job has it still.
            key = hashlib.sha256(parcel.content).hexdigest()
            known[whole] = Sent(key, self._put(parcel.content), parcel)
        return known[whole]
