"""The events of tasks: by ids, and by the names of steps."""

from quad.classroom.acknowledging import Acknowledging
from quad.classroom.model import GivenStatuses, Sent, Step
from quad.classroom.outgoing import NewRev
from quad.classroom.payloads import InRoom, OfUser
from quad.classroom.tasks.following import Following, GivenReview
from quad.classroom.tasks.handing_out import HandingOut
from quad.classroom.tasks.model import GivenTaskStatuses, Task
from quad.classroom.tasks.steps import Steps
from quad.realtime import Client


class SetTasks(InRoom, frozen=True, kw_only=True):
    """`tasks/set`."""

    tasks: list[Task]
    rev: int


class ReportTasks(InRoom, frozen=True, kw_only=True):
    """`tasks/report`."""

    statuses: GivenTaskStatuses


class ReviewTasks(OfUser, frozen=True, kw_only=True):
    """`tasks/review`."""

    statuses: GivenTaskStatuses
    comment: str | None = None
    key: str | None = None


class RevealTask(InRoom, frozen=True, kw_only=True):
    """`tasks/reveal`."""

    task: str


class Review(OfUser, frozen=True, kw_only=True):
    """`steps/status/to_client`."""

    steps: GivenStatuses


class ImportSteps(InRoom, frozen=True, kw_only=True):
    """`steps/import`."""

    url: str


def register(
    heard: Acknowledging, handing_out: HandingOut, following: Following, steps: Steps
) -> None:
    """Let the server carry them."""
    _register_tasks(heard, handing_out, following)
    _register_steps(heard, handing_out, following, steps)


def _register_tasks(heard: Acknowledging, handing_out: HandingOut, following: Following) -> None:
    @heard.on("tasks/set", overlap=True)
    async def set_tasks(client: Client, request: SetTasks) -> NewRev:
        return await handing_out.set_tasks(client, request.room_id, request.tasks, request.rev)

    @heard.on("tasks/reveal")
    async def reveal(client: Client, request: RevealTask) -> None:
        await handing_out.reveal(client, request.room_id, request.task)

    @heard.on("tasks/report", overlap=True)
    async def report(client: Client, request: ReportTasks) -> None:
        await following.report(client, request.room_id, request.statuses)

    @heard.on("tasks/review", overlap=True)
    async def review(client: Client, request: ReviewTasks) -> Sent | None:
        given = GivenReview(request.user_id, request.statuses, request.comment, request.key)
        return await following.review(client, request.room_id, given)


def _register_steps(
    heard: Acknowledging, handing_out: HandingOut, following: Following, steps: Steps
) -> None:
    @heard.on("steps/all", overlap=True)
    async def hand_out(client: Client, tasks: list[Step]) -> None:
        await handing_out.set_steps(client, tasks)

    @heard.on("steps/status/to_mentor", overlap=True)
    async def statuses_to_mentor(client: Client, statuses: GivenStatuses) -> None:
        await following.statuses_to_mentor(client, statuses)

    @heard.on("steps/status/to_client", overlap=True)
    async def statuses_to_client(client: Client, review: Review) -> None:
        await following.statuses_to_client(client, review.user_id, review.steps, review.room_id)

    @heard.on("steps/import")
    def import_page(client: Client, request: ImportSteps) -> None:
        steps.import_page(client, request.url, request.room_id)

    @heard.on("steps/table")
    def table(client: Client, request: InRoom) -> None:
        following.send_table(client, request.room_id)
