"""What hosts of protocol 3 hear of students' programs and checks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from quad.classroom.running.model import (
    ChecksReport,
    FailedCheck,
    RunError,
    RunReport,
    RunState,
)


class RunOfStudent(Struct, frozen=True):
    """`run/report` as staff hears it: the latest state, with the last 4 kB of `output`."""

    user_id: int
    run: str
    filename: str
    state: RunState
    output: str
    ms: int
    error: RunError | UnsetType = UNSET


class ChecksOfStudent(Struct, frozen=True):
    """`checks/report` as staff hears it."""

    user_id: int
    task: str
    rev: int
    passed: Sequence[str]
    failed: Sequence[FailedCheck]


def run_of(user_id: int, report: RunReport) -> RunOfStudent:
    """A report with whose it is."""
    return RunOfStudent(
        user_id,
        report.run,
        report.filename,
        report.state,
        report.output,
        report.ms,
        report.error,
    )


def checks_of(user_id: int, report: ChecksReport) -> ChecksOfStudent:
    """A report with whose it is."""
    return ChecksOfStudent(user_id, report.task, report.rev, report.passed, report.failed)


OUTGOING: Final[Mapping[str, Any]] = {
    "checks/report": ChecksOfStudent,
    "run/report": RunOfStudent,
}
"""The type of each event's argument."""
