"""Upgrades without a pause: who is older than a node that serves lets nobody in any more.

So nobody who reconnects in a rolling restart comes to a node that will end soon as well. What is
open stays, and other nodes are answered as ever.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from quad.cluster.questions import Questions
from quad.cluster.table import NodeInfo
from quad.refusals import Unavailable

log = logging.getLogger("quad.cluster")

LOOK_S: Final = 1.0
"""How often newer nodes are asked whether they serve."""

_QUESTION: Final = "serving"
_PATIENCE_S: Final = 1.0

_OUTDATED: Final = "nodes of a newer generation than %d serve: no new connections are let in here"
_CURRENT: Final = "no node of a newer generation than %d serves any more: this one lets in again"


class Generations:
    """Knows which nodes of a higher generation serve."""

    def __init__(
        self,
        generation: int,
        nodes: Callable[[], Mapping[int, NodeInfo]],
        questions: Questions,
        is_serving: Callable[[], bool],
    ) -> None:
        """`generation` is this node's; `is_serving` is what others ask of it, `nodes` are all that
        live.
        """
        self._generation = generation
        self._nodes = nodes
        self._questions = questions
        self._serving: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        questions.on(_QUESTION, lambda _: is_serving())

    @property
    def is_outdated(self) -> bool:
        """Whether a node of a higher generation serves."""
        return bool(self._serving)

    def start(self, changed: Callable[[], object]) -> None:
        """Begin to look; `changed` is called when `is_outdated` is another."""
        self._task = asyncio.create_task(self._look_forever(changed), name="quad-generations")

    async def aclose(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def look(self) -> None:
        """Ask all nodes of a higher generation; one that does not answer is what it was."""
        infos = self._nodes()
        newer = [node for node, info in infos.items() if info.generation > self._generation]
        answers = await asyncio.gather(*map(self._ask, newer))
        self._serving = {
            node
            for node, answer in zip(newer, answers, strict=True)
            if (node in self._serving if answer is None else answer)
        }

    async def _ask(self, node: int) -> bool | None:
        try:
            return bool(await self._questions.ask(node, _QUESTION, timeout_s=_PATIENCE_S))
        except Unavailable:
            return None

    async def _look_forever(self, changed: Callable[[], object]) -> None:
        while True:
            was_outdated = self.is_outdated
            await self.look()
            if self.is_outdated != was_outdated:
                log.warning(_OUTDATED if self.is_outdated else _CURRENT, self._generation)
                changed()
            await asyncio.sleep(LOOK_S)
