"""Reports of runs and checks, and what is kept of them. No I/O.

A report is a claim: it was made by the student's browser, and its texts are a stranger's.
"""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType, structs

from quad.classroom.model import is_plain_path
from quad.classroom.refusals import BadValue
from quad.classroom.tasks.model import Task

RunState = Literal["running", "ended", "failed", "stopped", "timed_out"]

_OUTPUT_BYTES: Final = 4_096
_TEXT_LIMIT: Final = 1_000
_NAME_LIMIT: Final = 100
_ID_LIMIT: Final = 64
_CHECKS_LIMIT: Final = 100
_LARGEST: Final = 2**53


class RunError(Struct, frozen=True):
    """What ended a program: the exception's name, the line if it is known, what it says."""

    kind: str
    message: str
    line: int | None = None


class RunReport(Struct, frozen=True):
    """How a program runs, or has run: `run` is the client's name for it, `ms` how long so far."""

    run: str
    filename: str
    state: RunState
    output: str = ""
    ms: int = 0
    error: RunError | UnsetType = UNSET


class FailedCheck(Struct, frozen=True):
    """A check that the student's program did not pass, and why."""

    name: str
    why: str


class ChecksReport(Struct, frozen=True):
    """Which checks of a task, as it was when it had this `rev`, were passed and which not."""

    task: str
    rev: int
    passed: Sequence[str]
    failed: Sequence[FailedCheck]

    def passes(self, task: Task | None, rev: int) -> bool:
        """Whether all checks of the task, as it is at this `rev`, were passed, and there are any.

        What was checked before the tasks were set anew may have been something else.
        """
        if task is None or not task.checks or self.failed or self.rev != rev:
            return False
        return {*self.passed} == {check.name for check in task.checks}


def kept_run(report: RunReport) -> RunReport:
    """The report with the end of its output, 4 kB, as it is kept and shown; raises BadValue."""
    _check_text("run", report.run, _ID_LIMIT)
    if not is_plain_path(report.filename):
        raise BadValue("filename", "must be a relative path inside the folder")
    if not 0 <= report.ms < _LARGEST:
        raise BadValue("ms", "must be a time in milliseconds")
    error = report.error
    if error:
        _check_text("kind", error.kind, _NAME_LIMIT)
        error = structs.replace(error, message=error.message[:_TEXT_LIMIT])
    return structs.replace(report, output=_end(report.output), error=error)


def check_checks(report: ChecksReport) -> None:
    """Raises BadValue for a report that is too long, or names a check twice."""
    names = [*report.passed, *(check.name for check in report.failed)]
    if len(names) > _CHECKS_LIMIT:
        raise BadValue("passed", f"and 'failed' may not be more than {_CHECKS_LIMIT} checks")
    if len({*names}) < len(names):
        raise BadValue("failed", "may not name a check that is named already")
    for name in names:
        _check_text("name", name, _NAME_LIMIT)
    for check in report.failed:
        if len(check.why) > _TEXT_LIMIT:
            raise BadValue("why", f"may not be longer than {_TEXT_LIMIT} characters")


def _check_text(key: str, text: str, limit: int) -> None:
    if not text or len(text) > limit:
        raise BadValue(key, f"must have 1 to {limit} characters")


def _end(output: str) -> str:
    if len(output) * 4 <= _OUTPUT_BYTES:
        return output
    # The first byte that is left may be in the middle of a character.
    return output.encode()[-_OUTPUT_BYTES:].decode(errors="ignore")
