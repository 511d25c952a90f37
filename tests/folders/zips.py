"""Archives as other programs write them, and as nobody does but to do harm."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

from quad.folders.model import Unpacked
from quad.folders.reading import unpack


def zipped(files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def unpacked(files: Mapping[str, str | bytes]) -> Unpacked:
    """What is in a folder with these files."""
    return unpack(zipped(files))


def with_link(name: str, target: str) -> bytes:
    """An archive with a symbolic link, as `zip -y` writes it."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(info, target)
    return packed.getvalue()


class Entry:
    """A file of an archive, with what its headers say of it."""

    def __init__(self, name: bytes, content: bytes, *, flags: int = 0, method: int = 8) -> None:
        self.name = name
        self.flags = flags
        self.method = method
        self.declared = len(content)
        self.crc = zlib.crc32(content)
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = compressor.compress(content) + compressor.flush()
        self.data = packed if method == zipfile.ZIP_DEFLATED else content
        self.offset: int | None = None

    def fields(self) -> bytes:
        sizes = (self.crc, len(self.data), self.declared, len(self.name), 0)
        return struct.pack("<HHHHHLLLHH", 20, self.flags, self.method, 0, 33, *sizes)


def written(*entries: Entry) -> bytes:
    """The archive of these entries, byte by byte; several may be at the same place."""
    packed, central = bytearray(), bytearray()
    for entry in entries:
        offset = len(packed) if entry.offset is None else entry.offset
        if entry.offset is None:
            packed += b"PK\x03\x04" + entry.fields() + entry.name + entry.data
        central += b"PK\x01\x02" + struct.pack("<H", 20) + entry.fields()
        central += struct.pack("<HHHLL", 0, 0, 0, 0, offset) + entry.name
    count = len(entries)
    end = struct.pack("<HHHHLLH", 0, 0, count, count, len(central), len(packed), 0)
    return bytes(packed + central + b"PK\x05\x06" + end)
