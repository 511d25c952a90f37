"""Archives of files: what is in one, if it is none that was made to do harm."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

from quad.folders.model import LIMIT_BYTES, BadFolder

UNPACKED_BYTES: Final = 20_000_000
NAMES: Final = 1_000

_CHUNK_BYTES: Final = 65_536
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_IS_ENCRYPTED: Final = 0x1
_IS_UTF8: Final = 0x800
_LOCAL_HEADER_BYTES: Final = 30
# As old as the format can say: the same set is the same archive.
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = (stat.S_IFREG | 0o644) << 16


def write(files: Mapping[str, bytes]) -> bytes:
    """An archive that `read` takes; raises BadFolder."""
    if len(files) > NAMES:
        raise BadFolder("too_large", f"the folder would have more than {NAMES} files")
    if sum(map(len, files.values())) > UNPACKED_BYTES:
        raise BadFolder("too_large", f"the files would be more than {UNPACKED_BYTES} bytes")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _FILE_MODE
            archive.writestr(info, content)
    if packed.tell() > LIMIT_BYTES:
        raise BadFolder("too_large", f"the archive would be more than {LIMIT_BYTES} bytes")
    return packed.getvalue()


def read(packed: bytes) -> dict[str, bytes]:
    """The files of an archive by their paths, with `/`; raises BadFolder."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = archive.infolist()
            if len(entries) > NAMES:
                raise BadFolder("too_large", f"the archive has more than {NAMES} names")
            names = _names(entries)
            _check_entries(entries)
            _check_overlaps(entries)
            return _contents(archive, zip(names, entries, strict=True))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as bad:
        raise _broken(str(bad)) from None
    # What else the module raises for fields that nobody writes.
    except (ValueError, UnicodeError, RuntimeError, OverflowError) as bad:
        raise _broken(type(bad).__name__) from None


def _broken(why: str) -> BadFolder:
    return BadFolder("no_archive", f"this is no ZIP archive, or it is damaged: {why[:200]}")


def _check_entries(entries: Iterable[zipfile.ZipInfo]) -> None:
    declared = 0
    for entry in entries:
        if entry.flag_bits & _IS_ENCRYPTED:
            raise BadFolder("no_archive", f"{entry.filename!r} is encrypted")
        if entry.compress_type not in _METHODS:
            raise BadFolder("no_archive", f"{entry.filename!r} is packed in an unusual way")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadFolder("bad_name", f"{entry.filename!r} is a link, or no file")
        declared += entry.file_size
    if declared > UNPACKED_BYTES:
        raise _too_large()


def _check_overlaps(entries: Iterable[zipfile.ZipInfo]) -> None:
    """No byte is unpacked twice: so little data cannot become so much."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise _broken("files overlap")
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size


def _contents(
    archive: zipfile.ZipFile, entries: Iterable[tuple[str, zipfile.ZipInfo]]
) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left_bytes = UNPACKED_BYTES
    for name, entry in entries:
        if name in files:
            raise BadFolder("bad_name", f"{name!r} is there twice")
        if not name.endswith("/"):
            files[name] = _content(archive, entry, left_bytes)
            left_bytes -= len(files[name])
    return files


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left_bytes: int) -> bytes:
    # What it says of its size may be a lie: what comes out is counted.
    content = bytearray()
    with archive.open(entry) as unpacked:
        while chunk := unpacked.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > left_bytes:
                raise _too_large()
    return bytes(content)


def _too_large() -> BadFolder:
    return BadFolder("too_large", f"the files are more than {UNPACKED_BYTES} bytes")


def _names(entries: Iterable[zipfile.ZipInfo]) -> list[str]:
    """The paths of all entries; raises BadFolder for one that leads out."""
    names = [_name(entry) for entry in entries]
    if not any("/" in name for name in names):
        # Some programs for Windows write it so.
        names = [name.replace("\\", "/") for name in names]
    for name in names:
        _check_name(name)
    return names


def _name(entry: zipfile.ZipInfo) -> str:
    # As it is in the archive: the module cuts at U+0000, and what follows would be another name.
    name = entry.orig_filename
    if entry.flag_bits & _IS_UTF8:
        return name
    try:
        # macOS writes UTF-8 and does not say so.
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def _check_name(name: str) -> None:
    parts = name.removesuffix("/").split("/")
    is_odd = "\x00" in name or any(part in ("", ".", "..") for part in parts)
    is_drive = len(parts[0]) > 1 and parts[0][1] == ":" and parts[0][0].isascii()
    climbs = any(part in ("", ".", "..") for part in name.split("\\"))
    if is_odd or is_drive or climbs:
        raise BadFolder("bad_name", f"{name[:200]!r} leads out of the folder")
