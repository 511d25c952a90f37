"""What one client has sent and another was shown, held against what the server says of it later.

Sent        each once, in the order of sending; acknowledged: there, with the id that was told;
            refused for good: not there
Heard       one connection hears a stretch of all that was said, without a gap; whatever was shown
            to anybody is there
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from tests.cluster.model.lives import Declined


class Row(NamedTuple):
    """A message as the server keeps it."""

    id: int
    text: str


class Letter:
    """A message of ours. One with a key is repeated until it is acknowledged."""

    def __init__(self, number: int, author: str, *, has_key: bool) -> None:
        self.number = number
        self.text = f"{author} says {number}"
        self.key = f"{author}-{number}" if has_key else None
        self.id: int | None = None
        self.was_refused = False
        """Once at least: then a later one may have been before it."""
        self.must_not_be = False


class Sent:
    """What one client sends to one place."""

    def __init__(
        self,
        author: str,
        problem: Callable[[str], object],
        id_of: Callable[[Any], int] = lambda answer: int(answer["id"]),
    ) -> None:
        """`id_of` an acknowledgement."""
        self.author = author
        self.letters: list[Letter] = []
        self._problem = problem
        self._id_of = id_of
        self._waiting: list[Letter] = []

    def write(self, count: int, *, has_key: bool = True) -> None:
        """Think of some more, which `push` sends."""
        for _ in range(count):
            letter = Letter(len(self.letters) + 1, self.author, has_key=has_key)
            self.letters.append(letter)
            self._waiting.append(letter)

    async def push(
        self,
        send: Callable[[Letter], asyncio.Future[Any]],
        wait: Callable[[asyncio.Future[Any]], Awaitable[Any]],
    ) -> bool:
        """Send what waits, all at once and in order; whether all of it is settled.

        Without keys nothing is sent again. An answer counts when it comes, whoever waits for it.
        Raises Lost.
        """
        under_way, self._waiting = self._waiting, [each for each in self._waiting if each.key]
        answers = [send(letter) for letter in under_way]
        for letter, answer in zip(under_way, answers, strict=True):
            answer.add_done_callback(partial(self._settle, letter))
        for answer in answers:
            with suppress(Declined):
                await wait(answer)
        await asyncio.sleep(0)  # for the callbacks
        return not self._waiting

    def _settle(self, letter: Letter, answer: asyncio.Future[Any]) -> None:
        if answer.cancelled():
            return
        match answer.exception():
            case None:
                self._acknowledged(letter, self._id_of(answer.result()))
            case Declined() as declined:
                self._refused(letter, declined)

    def _acknowledged(self, letter: Letter, id: int) -> None:
        if letter.id not in {None, id}:
            self._problem(f"{letter.text!r} had the id {letter.id} and now has {id}")
        letter.id = id
        if letter in self._waiting:
            self._waiting.remove(letter)

    def _refused(self, letter: Letter, declined: Declined) -> None:
        letter.was_refused = True
        letter.must_not_be = letter.key is None and not declined.is_in_doubt
        if not declined.is_for_now:
            self._problem(f"{letter.text!r} was refused: {declined}")

    @property
    def acknowledged(self) -> set[int]:
        """The ids of those that are."""
        return {letter.id for letter in self.letters if letter.id is not None}

    def check(self, rows: Iterable[Row], acknowledged: set[int]) -> None:
        """All rows of this author; `acknowledged` are those that were before that."""
        of_text: dict[str, int] = {}
        for row in rows:
            if row.text in of_text:
                self._problem(f"{row.text!r} is there twice: {of_text[row.text]}, {row.id}")
            of_text[row.text] = row.id
        latest = 0
        for letter in self.letters:
            id = of_text.pop(letter.text, None)
            if letter.id in acknowledged and id != letter.id:
                self._problem(f"{letter.text!r} was acknowledged as {letter.id} and is {id}")
            if id is not None and letter.must_not_be:
                self._problem(f"{letter.text!r} was refused, and is there as {id}")
            if id is not None and not letter.was_refused:
                if id < latest:
                    self._problem(f"{letter.text!r} is before an earlier one")
                latest = id
        if of_text:
            self._problem(f"nobody has said {list(of_text)[:3]}")


class Heard:
    """What one client was shown of one place, on all its connections."""

    def __init__(self, problem: Callable[[str], object]) -> None:
        self.known: dict[int, str] = {}
        self.live: list[int] = []
        self._baseline: int | None = None
        self._problem = problem

    def begin(self) -> None:
        """There is a new connection."""
        self.live = []
        self._baseline = None

    def hear(self, row: Row) -> None:
        """It was told as it was said."""
        if self.live and row.id <= self.live[-1]:
            self._problem(f"{row.id} came after {self.live[-1]}")
        self.live.append(row.id)
        self._note(row)

    def check(self, rows: Sequence[Row]) -> None:
        """All that was said until now, told behind everything else on this connection."""
        ids = [row.id for row in rows]
        if ids != sorted(set(ids)):
            self._problem("a list of messages is not in order")
        missing = sorted(self.known.keys() - set(ids))
        if missing:
            texts = [self.known[id] for id in missing[:3]]
            self._problem(f"{len(missing)} that were shown are gone: {texts}")
        if self._baseline is not None:
            self._check_stretch(ids, self._baseline)
        else:
            self._baseline = ids[-1] if ids else 0
        for row in rows:
            self._note(row)

    def _check_stretch(self, ids: Sequence[int], baseline: int) -> None:
        expected = [id for id in ids if id > baseline]
        live = [id for id in self.live if id > baseline]
        if expected != live:
            gap = sorted(set(expected) - set(live))
            self._problem(f"a silent gap: {len(gap)} not told, first {gap[:1]}, of {len(expected)}")
            self.live = list(ids)  # said once

    def _note(self, row: Row) -> None:
        if self.known.setdefault(row.id, row.text) != row.text:
            self._problem(f"{row.id} was {self.known[row.id]!r} and is {row.text!r}")


def check_stretch(
    heard: Sequence[int], everything: Sequence[int], problem: Callable[[str], object], what: str
) -> None:
    """One connection's list is a stretch, without a gap, of all that was said, in its order."""
    if not heard:
        return
    first, last = heard[0], heard[-1]
    expected = [each for each in everything if first <= each <= last]
    if list(heard) != expected:
        missing = [each for each in expected if each not in set(heard)]
        what_differs = f"not told {missing[:3]}" if missing else "in another order, or twice"
        problem(f"{what}: {what_differs} ({len(heard)} heard, {len(expected)} said)")
