"""The reports of a room as they are in memory."""

import asyncio

from quad.classroom.running.model import ChecksReport, RunReport


class Reports:
    """The last checks of each student and task, and runs that are told soon."""

    __slots__ = ("checks", "runs_due", "waiting")

    def __init__(self) -> None:
        self.checks: dict[int, dict[str, ChecksReport]] = {}
        # By the student's id: when the next may be told, and what waits until then.
        self.runs_due: dict[int, float] = {}
        self.waiting: dict[int, tuple[RunReport, asyncio.TimerHandle]] = {}

    def forget(self, student_id: int) -> None:
        """The student is gone for good."""
        self.checks.pop(student_id, None)
        self.runs_due.pop(student_id, None)
        _, timer = self.waiting.pop(student_id, (None, None))
        if timer is not None:
            timer.cancel()

    def stop(self) -> None:
        """Tell nobody anything more."""
        for _, timer in self.waiting.values():
            timer.cancel()
        self.waiting.clear()
