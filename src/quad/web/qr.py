"""QR codes (ISO/IEC 18004) of short texts, for terminals: byte mode, level L, versions 1 to 5.

Up to version 5 a code of level L has one block, so that nothing has to be interleaved; that is 106
bytes, more than any address that somebody types.
"""

from collections.abc import Iterator
from typing import Final

Rows = list[list[bool]]

# Of versions 1 to 5 at level L: codewords of data, and of error correction (table 9).
_CODEWORDS: Final = ((19, 7), (34, 10), (55, 15), (80, 20), (108, 26))
_BYTE_MODE: Final = 0b0100
_PADDING: Final = (0b11101100, 0b00010001)
# x^8 + x^4 + x^3 + x^2 + 1 (8.5).
_FIELD: Final = 0x11D
# Level L with mask 0, as it is written beside the finders (table C.1).
_FORMAT: Final = 0b111011111000100
_FINDER: Final = 7
# The quiet zone of four that scanners want; two do beside a terminal's own edge.
_QUIET: Final = 2


class TooLong(ValueError):
    """The text has no place in the largest code."""


def qr_code(text: str) -> Rows:
    """The modules of a code by rows, dark ones true. Raises TooLong."""
    data = text.encode()
    version = next(
        (number for number, (room, _) in enumerate(_CODEWORDS, 1) if len(data) + 2 <= room), None
    )
    if version is None:
        raise TooLong(f"a code holds at most {_CODEWORDS[-1][0] - 2} bytes")
    return _Drawing(version).filled(_codewords(data, *_CODEWORDS[version - 1]))


def in_blocks(rows: Rows) -> str:
    """A code in half blocks, light on dark terminals and dark on light ones alike."""
    size = len(rows) + 2 * _QUIET
    empty = [[False] * size for _ in range(_QUIET)]
    side = [False] * _QUIET
    framed = [*empty, *([*side, *row, *side] for row in rows), *empty]
    if size % 2:
        framed.append([False] * size)
    # Light modules are painted: the colours are set, whatever the terminal's are.
    lines = (
        "".join(" ▄▀█"[2 * (not upper) + (not lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(framed[::2], framed[1::2], strict=True)
    )
    return "".join(f"\x1b[97;40m{line}\x1b[0m\n" for line in lines)


def _codewords(data: bytes, room: int, correction: int) -> bytes:
    """The data with its head, padding and error correction."""
    bits = f"{_BYTE_MODE:04b}{len(data):08b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    words += [_PADDING[index % 2] for index in range(room - len(words))]
    return bytes([*words, *_remainder(words, _generator(correction))])


def _generator(degree: int) -> list[int]:
    """The product of (x - 2^i), without its leading one."""
    factors = [0] * (degree - 1) + [1]
    root = 1
    for _ in range(degree):
        shifted = [*factors[1:], 0]
        factors = [_times(each, root) ^ next_ for each, next_ in zip(factors, shifted, strict=True)]
        root = _times(root, 2)
    return factors


def _remainder(words: list[int], generator: list[int]) -> list[int]:
    rest = [0] * len(generator)
    for word in words:
        factor = word ^ rest[0]
        rest = [
            old ^ _times(each, factor) for old, each in zip([*rest[1:], 0], generator, strict=True)
        ]
    return rest


def _times(one: int, other: int) -> int:
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ (_FIELD if product & 0x80 else 0)
        product ^= one if other >> bit & 1 else 0
    return product


class _Drawing:
    """The modules of one version; what is fixed is drawn first, and data goes around it."""

    def __init__(self, version: int) -> None:
        self._size = 17 + 4 * version
        self._rows: Rows = [[False] * self._size for _ in range(self._size)]
        self._is_fixed: Rows = [[False] * self._size for _ in range(self._size)]
        far = self._size - _FINDER
        for top, left in ((0, 0), (0, far), (far, 0)):
            self._square(top, left)
        if version > 1:
            self._alignment(self._size - 9)
        self._timing()
        self._format()

    def filled(self, codewords: bytes) -> Rows:
        """The whole code."""
        bits = (byte >> shift & 1 for byte in codewords for shift in range(7, -1, -1))
        for row, column in self._path():
            # Mask 0 (table 10); what is left over is zero.
            self._rows[row][column] = bool(next(bits, 0)) ^ ((row + column) % 2 == 0)
        return self._rows

    def _path(self) -> Iterator[tuple[int, int]]:
        """Pairs of columns from the right, upwards and downwards in turn (7.7.3)."""
        is_up = True
        for right in (*range(self._size - 1, 6, -2), 5, 3, 1):
            rows = range(self._size - 1, -1, -1) if is_up else range(self._size)
            for row in rows:
                for column in (right, right - 1):
                    if not self._is_fixed[row][column]:
                        yield row, column
            is_up = not is_up

    def _fix(self, row: int, column: int, *, is_dark: bool) -> None:
        if 0 <= row < self._size and 0 <= column < self._size:
            self._rows[row][column] = is_dark
            self._is_fixed[row][column] = True

    def _square(self, top: int, left: int) -> None:
        """A finder with the light line around it."""
        for row in range(-1, 8):
            for column in range(-1, 8):
                ring = max(abs(row - 3), abs(column - 3))
                self._fix(top + row, left + column, is_dark=ring not in (2, 4))

    def _alignment(self, corner: int) -> None:
        for row in range(5):
            for column in range(5):
                ring = max(abs(row - 2), abs(column - 2))
                self._fix(corner + row, corner + column, is_dark=ring != 1)

    def _timing(self) -> None:
        for at in range(8, self._size - 8):
            self._fix(6, at, is_dark=at % 2 == 0)
            self._fix(at, 6, is_dark=at % 2 == 0)

    def _format(self) -> None:
        """Twice, around the first finder and beside the others (7.9)."""
        first = [(8, at) for at in (0, 1, 2, 3, 4, 5, 7, 8)] + [
            (at, 8) for at in (7, 5, 4, 3, 2, 1, 0)
        ]
        second = [(self._size - 1 - at, 8) for at in range(7)] + [
            (8, self._size - 8 + at) for at in range(8)
        ]
        for places in (first, second):
            for index, (row, column) in enumerate(places):
                self._fix(row, column, is_dark=bool(_FORMAT >> (14 - index) & 1))
        self._fix(self._size - 8, 8, is_dark=True)
