"""Pieces go out to workers, and what comes of them comes back to who asked: one thread of the driver does both."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any

from withstand.base.console import Bar, say
from withstand.base.crew import AbsentHereError, Job, Piece
from withstand.base.errors import UserError
from withstand.cluster.orders import Ended, Lost, Order, Task
from withstand.cluster.post import Post
from withstand.cluster.schedule import Schedule
from withstand.cluster.worker import Done
from withstand.cluster.workers import Hand, Hands

DEATHS = 3
"""Workers that a piece may take with it before it is left."""

_LOOK = 0.02  # seconds that an answer may wait
_ROUND = 1.0  # between looks for nodes
_PATIENCE = 60.0  # before a user is told that nobody works


class Dispatch:
    """The pieces that wait, and the workers."""

    def __init__(self, hands: Hands, bar: Bar) -> None:
        import ray

        self.hands, self._bar = hands, bar
        self._schedule, self._post = Schedule(), Post(ray.put)
        self._lock, self._stop = threading.RLock(), threading.Event()
        self._orders: weakref.WeakSet[Order] = weakref.WeakSet()
        self._poor: set[str] = set()  # nodes that lack files
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
        self._idle_since, self._told, self._again = time.monotonic(), False, 0

    def start(self) -> None:
        self.hands.recruit()
        self._thread.start()

    def stop(self, why: BaseException) -> None:
        """End everything; who waits is told ``why``."""
        self._stop.set()
        self._tell_all(why)
        if self._thread.is_alive():
            self._thread.join()
        for hand in [*self.hands.all]:
            self.hands.let_go(hand)

    def order(self, job: Job, pieces: Sequence[Piece]) -> Order:
        """Have pieces done.

        Raises:
            UserError: the job cannot be sent.
        """
        order = Order(job)
        with self._lock:
            key = self._post.sending(job).key
            self._orders.add(order)
            self._schedule.add(
                key, [(piece.weight, Task(number, piece, order)) for number, piece in enumerate(pieces)]
            )
            self._bar.expect(len(pieces))
            self._hand_out()
        return order

    def drop(self, order: Order, left: int) -> None:
        """Nobody waits for an order any more, of which ``left`` pieces were not done."""
        with self._lock:
            order.wanted = False
            self._bar.expect(-left)

    # The thread

    def _run(self) -> None:
        import ray

        looked = time.monotonic()
        while not self._stop.is_set():
            try:
                with self._lock:
                    asked = {hand.asked: hand for hand in self.hands.all if hand.asked is not None}
                ready: list[Any] = []
                if asked:
                    ready, _ = ray.wait([*asked], num_returns=len(asked), timeout=_LOOK, fetch_local=False)
                else:
                    time.sleep(_LOOK)
                with self._lock:
                    for one in ready:
                        self._take(asked[one])
                    if time.monotonic() - looked > _ROUND:
                        looked = time.monotonic()
                        self.hands.recruit()
                        self._check_somebody_works()
                    self._hand_out()
            except Exception as error:
                self._tell_all(error)

    def _hand_out(self) -> None:
        """Give every worker that is free the piece that it should do next."""
        for hand in self.hands.idle():
            task: Task | None = None
            while (found := self._schedule.next(id(hand))) is not None:
                if found[1].order.wanted:
                    task = found[1]
                    break
            if task is None:
                return
            self._give(hand, task)

    def _give(self, hand: Hand, task: Task) -> None:
        sent = self._post.sending(task.order.job, whole=hand.node in self._poor)
        task.begun += 1
        hand.doing = task
        hand.asked = hand.actor.do.options(num_returns="streaming").remote(
            sent.key, [sent.content], dict(sent.parcel.arrays), task.piece.what
        )

    def _take(self, hand: Hand) -> None:
        """What a worker has to say."""
        import ray
        from ray.exceptions import GetTimeoutError, RayError, RayTaskError

        try:
            said = ray.get(next(hand.asked) if hand.doing is not None else hand.asked, timeout=60)
        except (StopIteration, GetTimeoutError):
            return
        except RayTaskError as error:
            self._failed(hand, getattr(error, "cause", None) or error)
            return
        except RayError as error:
            self._died(hand, error)
            return
        if hand.doing is None:
            self.hands.welcome(hand, said)
            return
        task: Task = hand.doing
        if isinstance(said, Done):
            hand.doing = hand.asked = None
            if task.order.wanted:
                self._bar.advance(images=task.piece.images, note=self._who())
            task.order.answers.put((task.number, Ended(hand.name, said, task.begun)))
        else:
            task.piece = task.order.job.again(task.piece, said)
            task.order.answers.put((task.number, said))

    def _who(self) -> str:
        """Beside the bar: who is at work, and what went wrong so far."""
        ready = self.hands.ready
        nodes = len({hand.node for hand in ready})
        said = f"{len(ready)} workers on {nodes} node{'s' if nodes > 1 else ''}"
        return said + (f", {self._again} pieces again" if self._again else "")

    def _failed(self, hand: Hand, error: BaseException) -> None:
        """A piece ended in an error; the worker lives."""
        task: Task | None = hand.doing
        hand.doing = hand.asked = None
        if task is None:
            self.hands.leave_out(hand, hand.node[:8], " ".join(str(error).split())[-200:])
        elif isinstance(error, AbsentHereError):
            self._send_along(hand, task, error)
        elif isinstance(error, ModuleNotFoundError):
            self.hands.leave_out(hand, hand.name, f"it has no package {error.name}")
            self._back(task)
        else:
            task.order.answers.put((task.number, error))

    def _send_along(self, hand: Hand, task: Task, error: AbsentHereError) -> None:
        """A node lacks a file: what was in it is sent, to the node where it can be, else with every piece."""
        if hand.node not in self._poor:
            say(
                f"  {hand.name} has no {error}: it is sent what is in it (cluster.data says where data lies there)"
            )
            self._poor.add(hand.node)
        elif not task.sent:
            task.piece, task.sent = task.order.job.sent(task.piece), True
        else:
            said = f"{task.order.job.title}: {hand.name} has no {error}; put it there, or set cluster.data"
            task.order.answers.put((task.number, UserError(said)))
            return
        self._give(hand, task)

    def _died(self, hand: Hand, error: Exception) -> None:
        """A worker is gone, alone or with its node."""
        task: Task | None = hand.doing
        hand.doing = None
        self.hands.let_go(hand)
        self._schedule.gone(id(hand))
        alone = self.hands.alive(hand.node)
        if task is None:
            if alone and not hand.name:
                said = " ".join(str(error).split())[-200:]
                self.hands.leave_out(hand, hand.node[:8], f"no worker starts there ({said})")
            return
        if not task.order.wanted:
            return
        task.deaths += alone
        where = f"a worker on {hand.name}" if alone else f"{hand.name}, a node,"
        if task.deaths < DEATHS:
            say(f"  {where} was lost; {task.piece.name} is done again")
            self._back(task)
        else:
            say(f"  {where} was lost, for the third time at {task.piece.name}, which is left")
            task.order.answers.put((task.number, Lost()))

    def _back(self, task: Task) -> None:
        """A piece waits again."""
        self._again += 1
        self._schedule.add(self._post.sending(task.order.job).key, [(task.piece.weight, task)])

    def _check_somebody_works(self) -> None:
        """Raises ``UserError`` where nobody is there, and nobody can come; says so where somebody may."""
        if self.hands.ready or not any(order.wanted for order in self._orders):
            self._idle_since, self._told = time.monotonic(), False
            return
        if self.hands.left_out and not self.hands.all and not self.hands.could_come():
            why = "; ".join(dict.fromkeys(self.hands.left_out.values()))
            raise UserError(
                f"cluster=ray: no node can take part ({why}); start from a machine like the nodes"
            )
        if time.monotonic() - self._idle_since > _PATIENCE and not self._told:
            self._told = True
            say(
                f"  no worker has started in {_PATIENCE:.0f} s: no node has {self.hands.wanted.room} free; waiting"
            )

    def _tell_all(self, error: BaseException) -> None:
        for order in list(self._orders):
            order.answers.put((-1, error))
