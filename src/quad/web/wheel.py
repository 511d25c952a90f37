"""Quad as a wheel, made of what is installed here: the computers of a class get it from its server.

The same files make the same bytes, whatever their times, owners and order on the disk.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

import quad

_DISTRIBUTION: Final = "quad_server"
_PACKAGE: Final = "quad"
# Pure Python: one for all systems.
_TAG: Final = "py3-none-any"
_WHEEL: Final = f"Wheel-Version: 1.0\nGenerator: quad\nRoot-Is-Purelib: true\nTag: {_TAG}\n"
# About the installation here, and not about what is installed; the first two are written anew.
_LOCAL: Final = frozenset({"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json"})
# Of a checkout: anything may lie about there, such as the database of whoever served from in it.
_KINDS: Final = frozenset(
    {".py", ".typed", ".html", ".css", ".js", ".json", ".svg", ".png", ".woff2", ".gz", ".br"}
    | {".webmanifest"}
)
# Most of the bytes, and compressed already.
_STORED: Final = frozenset({".gz", ".br", ".png", ".woff2"})
# The earliest time that a zip file can say.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o100644 << 16


class Wheel(NamedTuple):
    """A wheel: its file name, which says name, version and tag, and its bytes."""

    name: str
    content: bytes


def wheel_name() -> str | None:
    """The name of the wheel that can be made; None if Quad runs without being installed."""
    try:
        return f"{_stem_of(metadata.distribution(_DISTRIBUTION))}-{_TAG}.whl"
    except metadata.PackageNotFoundError:
        return None


def make_wheel() -> Wheel:
    """Read and pack all files, which takes a second or so.

    Source: PyPA specifications, "Binary distribution format" and "Recording installed projects".

    Raises:
        PackageNotFoundError, OSError: it is not installed, or not any more.
    """
    distribution = metadata.distribution(_DISTRIBUTION)
    stem = _stem_of(distribution)
    about = f"{stem}.dist-info"
    paths = dict(sorted(_package_files(distribution)))
    paths |= {f"{about}/{name}": path for name, path in sorted(_metadata_files(distribution))}
    contents = {name: path.read_bytes() for name, path in paths.items()}
    contents[f"{about}/WHEEL"] = _WHEEL.encode()
    contents[f"{about}/RECORD"] = _record(contents, f"{about}/RECORD")
    return Wheel(f"{stem}-{_TAG}.whl", _packed(contents))


def _stem_of(distribution: metadata.Distribution) -> str:
    return f"{_DISTRIBUTION}-{distribution.version.replace('-', '_')}"


def _package_files(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """All files of the package by their names in the wheel: as installed, or of the checkout."""
    recorded = [file for file in distribution.files or () if file.parts[0] == _PACKAGE]
    for file in recorded:
        if "__pycache__" not in file.parts:
            yield file.as_posix(), Path(str(file.locate()))
    if recorded:
        return
    folder = Path(quad.__file__).parent
    for path in folder.rglob("*"):
        if path.suffix in _KINDS and path.is_file():
            yield f"{_PACKAGE}/{path.relative_to(folder).as_posix()}", path


def _metadata_files(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """Dependencies, commands, licences by their names in the folder of metadata."""
    for file in distribution.files or ():
        folder, *names = file.parts
        if folder.endswith(".dist-info") and names[0] not in _LOCAL:
            yield "/".join(names), Path(str(file.locate()))


def _record(contents: Mapping[str, bytes], own_name: str) -> bytes:
    lines = [f"{name},{_hash_of(content)},{len(content)}" for name, content in contents.items()]
    return "\n".join([*lines, f"{own_name},,", ""]).encode()


def _hash_of(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return "sha256=" + digest.decode().rstrip("=")


def _packed(contents: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = _READABLE
            is_stored = Path(name).suffix in _STORED
            kind = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, kind)
    return packed.getvalue()
