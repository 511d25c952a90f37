"""What is said of the folder: what is shared, what is left out, and what was sent just now."""

from typing import Final

from quad.cli.share.folder import Snapshot
from quad.cli.share.watching import Report

_EXAMPLES: Final = 5


def describe(snapshot: Snapshot) -> str:
    """What is shared, and what is left out, with some examples."""
    size = sum(len(content.encode()) for content in snapshot.files.values())
    lines = [f"Shared while the teacher watches: {_count(len(snapshot.files))}, {_size(size)}."]
    for why, count in snapshot.reasons().most_common():
        names = [name for name, reason in snapshot.left_out.items() if reason is why]
        shown = ", ".join(_with_size(name, snapshot) for name in names[:_EXAMPLES])
        more = ", …" if count > _EXAMPLES else ""
        lines.append(f"  left out, {why.value}: {count} ({shown}{more})")
    if snapshot.unsent:
        lines.append("Of what is left out, the teacher is told no names but those with a size.")
    return "\n".join(lines)


def tell(report: Report) -> str:
    """What was sent, on one line."""
    done = "Shared" if report.is_watched else "Recorded"
    if report.trouble:
        return f"Not {done.lower()}: {report.trouble}"
    if report.is_whole:
        left_out = len(report.snapshot.left_out)
        more = f"; {left_out} left out (/files says why)" if left_out else ""
        return f"{done} the folder: {_count(len(report.files))}{more}"
    words = {"CREATED": "new ", "CHANGED": "", "REMOVED": "removed "}
    names = [words[file.status] + file.filename for file in report.files]
    return f"{done} " + ", ".join(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def _with_size(name: str, snapshot: Snapshot) -> str:
    unsent = snapshot.unsent.get(name)
    return name if unsent is None else f"{name}, {_size(unsent.size)}"


def _count(files: int) -> str:
    return f"{files} file" if files == 1 else f"{files} files"


def _size(size: int) -> str:
    return f"{size} bytes" if size < 10_000 else f"{size / 1000:,.0f} KB"
