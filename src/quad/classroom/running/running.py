"""Reports on their way from students to the staff: kept before they are told."""

import asyncio
import logging
from typing import Final

from quad.classroom.history.logbook import Logbook
from quad.classroom.model import BEYOND, Status
from quad.classroom.refusals import UnknownTask
from quad.classroom.rooms import Rooms, beyond
from quad.classroom.running import tables
from quad.classroom.running.model import ChecksReport, RunReport, check_checks, kept_run
from quad.classroom.running.outgoing import checks_of, run_of
from quad.classroom.state import Participant
from quad.classroom.tasks.statuses import Statuses
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client
from quad.refusals import CannotSave

_RUNS_EACH_S: Final = 1.0

log = logging.getLogger("quad.classroom")


class Running:
    """Hears what programs and checks came to."""

    def __init__(
        self, rooms: Rooms, updates: RoomUpdates, statuses: Statuses, logbook: Logbook
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._statuses = statuses
        self._logbook = logbook

    # Runs

    def report_run(self, client: Client, report: RunReport, room_id: int | None) -> None:
        """A student's program runs, or has ended: the latest state, once a second at most.

        Raises ProtocolNeeded, BadValue.
        """
        student = beyond(self._rooms.student(client, room_id))
        report = kept_run(report)
        reports, loop = student.room.reports, asyncio.get_running_loop()
        waiting = reports.waiting.get(student.id)
        if waiting is not None:
            reports.waiting[student.id] = report, waiting[1]
            return
        due = reports.runs_due.get(student.id, 0.0)
        if loop.time() >= due:
            self._keep_run(student, report)
        else:
            timer = loop.call_at(due, self._keep_waiting_run, student)
            reports.waiting[student.id] = report, timer

    def _keep_waiting_run(self, student: Participant) -> None:
        report, _ = student.room.reports.waiting.pop(student.id)
        try:
            self._keep_run(student, report)
        except CannotSave as error:
            log.warning("a run is not saved: %s", error)

    def _keep_run(self, student: Participant, report: RunReport) -> None:
        room = student.room
        room.reports.runs_due[student.id] = asyncio.get_running_loop().time() + _RUNS_EACH_S

        def saved(error: Exception | None) -> None:
            if error is not None:
                log.warning("a run is not saved: %s", error)
            elif student.id in room.watched and room.host.protocol >= BEYOND:
                told = run_of(student.id, report)
                self._updates.tell_host(student, "run/report", told)

        marks = () if report.state == "running" else self._logbook.mark(student, "run", _of(report))
        change = tables.keep_run(room.number, student.id, report)
        self._rooms.submit([change, *marks], saved)

    async def show_run(self, host: Participant, student: Participant) -> None:
        """Tell a host, who begins to watch a student, what ran last."""
        if host.protocol < BEYOND:
            return
        report = tables.read_run(await self._rooms.read(tables.select_run(student.id)))
        if report is not None:
            self._rooms.tell(host, "run/report", run_of(student.id, report))

    # Checks

    async def report_checks(
        self, client: Client, report: ChecksReport, room_id: int | None
    ) -> None:
        """A student has checked a task; if the rule `auto_done` says so, passing all is `DONE`.

        Raises ProtocolNeeded, BadValue, UnknownTask, CannotSave.
        """
        student = beyond(self._rooms.student(client, room_id))
        check_checks(report)
        if report.task not in self._statuses.tasks_of(student):
            raise UnknownTask(report.task)
        room = student.room
        counts = {"passed": len(report.passed), "failed": len(report.failed)}
        marks = self._logbook.mark(student, "check", {"task": report.task, **counts})
        changes = tables.keep_checks(room.number, student.id, report), *marks
        statuses = _statuses_after(student, report)
        if statuses is None:
            await self._rooms.save(*changes)
        else:
            await self._statuses.keep(student, statuses, more=changes)
        if student.is_leaving:
            return
        room.reports.checks.setdefault(student.id, {})[report.task] = report
        if room.host.protocol >= BEYOND:
            told = checks_of(student.id, report)
            self._updates.tell_host(student, "checks/report", told)
        if statuses is not None:
            self._statuses.tell_host(student)
            self._statuses.tell_student(student, {report.task: "DONE"})

    def welcome(self, host: Participant) -> None:
        """Tell a host, who comes back, the last checks of everybody."""
        if host.protocol < BEYOND:
            return
        for student_id, reports in host.room.reports.checks.items():
            for report in reports.values():
                self._rooms.tell(host, "checks/report", checks_of(student_id, report))


def _of(report: RunReport) -> dict[str, object]:
    """What a history says of a run."""
    error = report.error.kind if report.error else None
    return {"filename": report.filename, "state": report.state, "error": error}


def _statuses_after(student: Participant, report: ChecksReport) -> dict[str, Status] | None:
    """A student's statuses if the report changes one."""
    own, handout = student.decided_steps, student.room.decided_handout
    if not student.room.has_auto_done or own.get(report.task) in ("DONE", "ACCEPTED"):
        return None
    if not report.passes(handout.find(report.task), handout.rev):
        return None
    return {**own, report.task: "DONE"}
