"""What a history costs: to find a change, to record it, and to keep an hour of typing.

One process holds a class, its database and nothing else, as in `anatomy`. Prints JSON; times are µs
of CPU, the least of all rounds.
"""

import asyncio
import gc
import json
import random
import time
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
import uvloop

import quad
from bench.anatomy import Class, frame, measure
from quad.classroom.history.model import (
    CHUNK_AGE,
    EDITS_IN_CHUNK,
    Chunk,
    Edit,
    Files,
    play,
    touched,
)
from quad.classroom.history.splice import splice
from quad.classroom.history.tables import encode_chunk
from quad.store import Store, migrate

_SPLICED_BYTES: Final = 90_000
_RELAYED_BYTES: Final = 9_000
_HOUR_S: Final = 3_600
_TYPING: Final = 0.6
_LETTERS_A_SECOND: Final = (1, 2, 3, 4, 5, 6)
_SOURCES: Final = ("classroom/rooms.py", "classroom/model.py", "store/store.py")


class RecordedClass(Class):
    """A class whose student is of protocol 3, and types into a file of some kB."""

    is_recorded = False

    async def begin(self) -> None:
        """The same, and the student is of protocol 3."""
        await super().begin()
        room = self.service.rooms.known(self.room_id)
        assert room is not None
        room.students[self.student_id].protocol = 3

    def says(self, count: int) -> bytes:
        """So many updates; in each, eight letters in the middle have changed."""
        frames = []
        for _ in range(count):
            self._serial += 1
            half = "x = 1 # letters\\n" * (_RELAYED_BYTES // 32)
            files = (
                f'[{{"filename":"main.py","status":"CHANGED",'
                f'"content":"{half}{self._serial:08}{half}"}}]'
            )
            word = (
                f'"is_recorded":true,"room_id":{self.room_id}'
                if self.is_recorded
                else (f'"room_id":{self.room_id}')
            )
            frames.append(frame(f'42["sharing/code_update",{{{word},"files":{files}}}]'))
        return b"".join(frames)


def splice_us(text: str, rounds: int) -> float:
    """To find one letter more in the middle of a text."""
    middle = len(text) // 2
    longer = text[:middle] + "x" + text[middle:]
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        splice(text, longer)
        taken.append(time.perf_counter() - began)
    return min(taken) * 1e6


async def relay_us(rounds: int) -> dict[str, float]:
    """To relay 9 kB, recorded and not, by turns."""
    with TemporaryDirectory(prefix="quad-bench-") as directory:
        url = f"sqlite+aiosqlite:///{directory}/quad.sqlite3"
        await migrate(url)
        store = await Store.open(url)
        it = RecordedClass(store)
        await it.begin()

        def heard(window: int, data: bytes) -> "asyncio.Future[None]":
            done = it.teacher.expect(window)
            it.hear(data)
            return done

        least: dict[tuple[int, bool], float] = {}
        for _, window, is_recorded in product(range(rounds), (1, 32), (False, True)):
            it.is_recorded = is_recorded
            cost = await measure(1, window, it.says, partial(heard, window))
            key = window, is_recorded
            least[key] = min(least.get(key, cost.all), cost.all)
        await it.service.aclose()
        await store.aclose()
    return {
        "relay_us": least[1, False],
        "recorded_us": least[1, True],
        "relay_32_us": least[32, False],
        "recorded_32_us": least[32, True],
    }


def kept_bytes(seed: int) -> int:
    """An hour of somebody who types a program, in chunks as they are kept."""
    size, files, base = 0, Files(), Files()
    edits: list[Edit] = []
    for edit in typed(random.Random(seed)):
        if edits and (
            len(edits) >= EDITS_IN_CHUNK
            or edit.at - edits[0].at >= CHUNK_AGE.total_seconds() * 1000
        ):
            size += _packed_bytes(base, edits)
            base, edits = dict(files), []
        edits.append(edit)
        play(files, [edit])
    return size + _packed_bytes(base, edits)


def _packed_bytes(base: Files, edits: list[Edit]) -> int:
    return len(encode_chunk(Chunk({name: base[name] for name in touched(edits)}, edits)))


def typed(chance: random.Random, seconds: int = _HOUR_S) -> Iterator[Edit]:
    """In six of ten seconds some letters; now and then somewhere else, or some are taken back."""
    root = Path(quad.__file__).parent
    source = "".join((root / name).read_text() for name in _SOURCES)
    text, seq, place = "", 0, 0
    yield Edit(0, 0, "main.py", "whole", 0, 0, "")
    for second in range(seconds):
        if chance.random() >= _TYPING:
            continue
        if chance.random() < 0.03:
            place = chance.randint(0, len(text))
        if chance.random() < 0.15:
            new = text[: max(0, place - 3)] + text[place:]
            place = max(0, place - 3)
        else:
            count = chance.choice(_LETTERS_A_SECOND)
            new = text[:place] + source[seq * 4 : seq * 4 + count] + text[place:]
            place += count
        change = splice(text, new)
        if change is None:
            continue
        seq, text = seq + 1, new
        yield Edit(seq, second * 1000 + chance.randint(0, 999), "main.py", "edit", *change)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the least of them counts.")] = 40,
) -> None:
    """Print all figures as JSON."""
    gc.disable()
    latin = "x = 1  # letters and more\n" * (_SPLICED_BYTES // 26)
    figures = {
        "splice_us": splice_us(latin, rounds * 5),
        "splice_cyrillic_us": splice_us("привет мир " * (_SPLICED_BYTES // 20), rounds * 5),
        **uvloop.run(relay_us(rounds)),
        "hour_kb": max(kept_bytes(seed) for seed in range(3)) / 1000,
    }
    figures["times"] = figures["recorded_us"] / figures["relay_us"]
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
