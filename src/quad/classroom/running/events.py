"""The events of programs and checks."""

from msgspec import UNSET

from quad.classroom.acknowledging import Acknowledging
from quad.classroom.payloads import InRoom
from quad.classroom.running.model import (
    ChecksReport,
    FailedCheck,
    RunError,
    RunReport,
    RunState,
)
from quad.classroom.running.running import Running
from quad.realtime import Client


class ReportRun(InRoom, frozen=True, kw_only=True):
    """`run/report`."""

    run: str
    filename: str
    state: RunState
    output: str = ""
    ms: int = 0
    error: RunError | None = None


class ReportChecks(InRoom, frozen=True, kw_only=True):
    """`checks/report`."""

    task: str
    rev: int
    passed: list[str]
    failed: list[FailedCheck]


def register(heard: Acknowledging, running: Running) -> None:
    """Let the server carry them."""

    @heard.on("run/report")
    def report_run(client: Client, request: ReportRun) -> None:
        error = UNSET if request.error is None else request.error
        report = RunReport(
            request.run, request.filename, request.state, request.output, request.ms, error
        )
        running.report_run(client, report, request.room_id)

    @heard.on("checks/report")
    async def report_checks(client: Client, request: ReportChecks) -> None:
        report = ChecksReport(request.task, request.rev, request.passed, request.failed)
        await running.report_checks(client, report, request.room_id)
