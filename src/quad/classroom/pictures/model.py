"""What a picture is, and where HTML shows one of ours. No I/O."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import structs

from quad.classroom.model import Step
from quad.classroom.refusals import NoPicture, TooLarge

PATH: Final = "/classes/pictures"
LIMIT_BYTES: Final = 2_000_000
"""The largest picture."""

# What a row and its index take at least: of the smallest pictures there are not millions.
_LEAST_BYTES: Final = 4_096
# More different ones have no room in a set of tasks that anybody reads.
_IDS_LIMIT: Final = 2_000

# By content, never by what a client says. No SVG: it is a document that may run scripts.
_KINDS: Final = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
ENDINGS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}
"""What files of these media types are called."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_SHOWN: Final = re.compile(rf"{PATH}/({_ID.pattern})(?![0-9a-zA-Z])")
# Below whatever path a proxy serves us; what names a host stays.
_RELATIVE: Final = re.compile(rf"""(\bsrc=["'])(?:/[^"'/<>:]+)*(?={PATH}/{_ID.pattern}["'])""")
_SOURCE: Final = re.compile(rf"""\bsrc=["']((?:/[^"'/<>:]+)*{PATH}/({_ID.pattern}))["']""")


def checked_type(content: bytes) -> str:
    """The media type of a picture; raises TooLarge, NoPicture."""
    if len(content) > LIMIT_BYTES:
        raise TooLarge(f"a picture of more than {LIMIT_BYTES} bytes")
    for media_type, beginning in _KINDS.items():
        if beginning.match(content):
            return media_type
    raise NoPicture


def counted_bytes(content: bytes) -> int:
    """How much a picture counts towards what its teacher may keep."""
    return max(len(content), _LEAST_BYTES)


def is_id(text: str) -> bool:
    """Whether a picture could have this id."""
    return _ID.fullmatch(text) is not None


def ids_in(contents: Iterable[str]) -> list[str]:
    """The ids of the pictures that HTML names, whether there are such or not."""
    found: dict[str, None] = {}
    for content in contents:
        if PATH in content:
            found.update(dict.fromkeys(_SHOWN.findall(content)))
    return list(found)[:_IDS_LIMIT]


def own_sources(contents: Iterable[str]) -> dict[str, str]:
    """The addresses by which HTML shows pictures of ours, without a host: each with the id."""
    found = (each for content in contents for each in _SOURCE.finditer(content))
    return {each[1]: each[2] for each in found}


def with_whole_addresses(steps: list[Step], address: str) -> list[Step]:
    """The steps for clients whose page is not ours: their pictures are at this address."""
    if not address or not any(step.content and PATH in step.content for step in steps):
        return steps
    return [
        structs.replace(step, content=_RELATIVE.sub(rf"\g<1>{_literal(address)}", step.content))
        if step.content
        else step
        for step in steps
    ]


def _literal(address: str) -> str:
    return address.rstrip("/").replace("\\", "")
