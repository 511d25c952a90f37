"""The lesson as a full screen: tasks, conversation, and a sign that cannot be missed."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.screen import ModalScreen
from textual.screen import Screen as BaseScreen
from textual.widgets import Footer, Input, OptionList, RichLog, Static
from textual.widgets.option_list import Option

from quad.cli.failures import Failed
from quad.cli.share.answers import Answer
from quad.cli.share.calls import sign_of, standing_of
from quad.cli.share.commands import Commands
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Lesson, Note
from quad.cli.share.memory import Memories
from quad.cli.share.place import Place
from quad.cli.share.recording import QUESTION
from quad.cli.share.tasks import STATUSES, Task
from quad.cli.share.telling import tell
from quad.cli.share.visit import Visit
from quad.cli.share.watching import Report

_LINKS: Final = {
    "connecting": ("○ connecting", "yellow"),
    "online": ("● connected", "green"),
    "offline": ("○ connection lost, trying again", "bold red"),
}
_STYLES: Final = {
    "info": "dim",
    "good": "green",
    "warning": "yellow",
    "bad": "bold red",
    "teacher": "cyan",
    "notice": "bold cyan",
    "me": "default",
}
_SIGNS: Final = {
    "NONE": ("○", "dim"),
    "IN_PROGRESS": ("◐", "cyan"),
    "HELP": ("!", "bold yellow"),
    "DONE": ("●", "green"),
    "ACCEPTED": ("✔", "bold green"),
}
# In columns; below, the parts are one under another.
_WIDTHS: Final = [(0, "-narrow"), (64, "-wide")]
_NO_TASKS: Final = "The teacher has not given any tasks yet."
_GOODBYE: Final = "No longer in the class. Start again to go on."


class Log(RichLog):
    """Lines that are broken anew when the width changes."""

    def __init__(self, *, id: str) -> None:
        # RichLog breaks no line shorter than this, however narrow it is.
        super().__init__(id=id, wrap=True, min_width=1)
        self._texts: list[Text] = []
        self._broken_for = 0

    def add(self, text: Text) -> None:
        """One more, below the others."""
        self._texts.append(text)
        self.write(text)

    def on_resize(self, event: Resize) -> None:
        """The scrollbar, too, takes from the width."""
        super().on_resize(event)
        width = self.scrollable_content_region.width
        if width != self._broken_for:
            self._broken_for = width
            self.clear()
            for text in self._texts:
                self.write(text)


class Asked(ModalScreen[bool]):
    """A question over all the rest; whoever goes away from it has said no."""

    CSS = """
    Asked { align: center middle; }
    #asked { width: 60; max-width: 90%; height: auto; padding: 1 2; background: $surface;
             border: round $accent; }
    #answers { height: auto; margin: 1 0 0 0; border: none; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", "No")]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """The words, and two lines to choose from: no letter that is typed just now is a yes."""
        with Vertical(id="asked"):
            yield Static(Text(self._words))
            yield OptionList("No", "Yes", id="answers")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The answer."""
        event.stop()
        self.dismiss(event.option_index == 1)

    def action_refuse(self) -> None:
        """No."""
        self.dismiss(result=False)


class Screen(App[None]):
    """Shows a visit, and carries out what is typed."""

    TITLE = "quad share"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    CSS = """
    #top { height: 1; padding: 0 1; background: $panel; }
    #place { width: 1fr; }
    #link { width: auto; }
    #watching { height: 3; content-align: center middle; display: none;
                background: $warning; color: $text; text-style: bold; }
    #watching.-on, #call.-on { display: block; }
    #call { height: auto; padding: 0 1; display: none; background: $panel; text-style: bold; }
    #body { height: 1fr; }
    #left { width: 2fr; min-width: 30; }
    #right { width: 3fr; }
    #tasks { height: auto; max-height: 40%; border: round $primary; }
    #task { height: 1fr; border: round $primary; padding: 0 1; }
    #talk { height: 1fr; border: round $primary; padding: 0 1; }
    #folder { height: 7; border: round $primary; padding: 0 1; }
    #input { border: round $primary; }
    .-narrow #body { layout: vertical; }
    .-narrow #left, .-narrow #right { width: 100%; height: 1fr; min-width: 0; }
    .-narrow #folder { display: none; }
    .-narrow #watching { height: 1; }
    #tasks, #task, #talk, #folder, #input { background: $surface; scrollbar-size-vertical: 1;
        scrollbar-background: $surface; scrollbar-color: $primary; }
    #tasks:focus, #task:focus, #talk:focus, #folder:focus, #input:focus { border: round $accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "mark('IN_PROGRESS')", "In progress"),
        Binding("h", "mark('HELP')", "Ask for help"),
        Binding("d", "mark('DONE')", "Done"),
        Binding("n", "mark('NONE')", "Not begun"),
        Binding("m", "write", "Message"),
        Binding("f", "files", "Files"),
        Binding("escape", "to_tasks", "Tasks"),
        Binding("ctrl+c", "leave_screen", "Quit", priority=True),
        Binding("ctrl+q", "leave_screen", "Quit", priority=True, show=False),
    ]

    def __init__(
        self,
        place: Place,
        name: str,
        folder: Folder,
        memories: Memories,
        *,
        is_polling: bool = False,
        may_record: bool | None = None,
        typed_pass: str | None = None,
    ) -> None:
        super().__init__()
        self.visit = Visit(
            place,
            name,
            folder,
            memories,
            self,
            is_polling=is_polling,
            may_record=may_record,
            typed_pass=typed_pass,
        )
        self.failure: Failed | None = None
        self.farewell = _GOODBYE
        self._place = place
        self._folder = folder
        self._commands = Commands(self.visit, folder)
        self._staying: asyncio.Task[str] | None = None
        self._shown: tuple[Task, ...] | None = None
        self._trouble = ""
        self._has_asked = False

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        with Horizontal(id="top"):
            yield Static(id="place")
            yield Static(id="link")
        yield Static("◉  THE TEACHER IS WATCHING YOUR FOLDER", id="watching")
        yield Static(id="call")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield OptionList(id="tasks", markup=False)
                with VerticalScroll(id="task"):
                    yield Static(_NO_TASKS, id="text", markup=False)
            with Vertical(id="right"):
                yield Log(id="talk")
                yield Log(id="folder")
                yield Input(placeholder="Write to the teacher; /help for commands", id="input")
        yield Footer()

    async def on_mount(self) -> None:
        """Enter the room."""
        for part, title in (
            ("#tasks", "Tasks"),
            ("#task", "What to do"),
            ("#talk", "Teacher and you"),
            ("#folder", str(self._folder.root)),
        ):
            self._below.query_one(part).border_title = title
        self._below.query_one("#tasks").focus()
        self.show(self.visit.lesson, ())
        self._staying = asyncio.create_task(self._stay())

    async def on_unmount(self) -> None:
        """Leave the room, so that nothing goes on unseen."""
        if self._staying is not None:
            self._staying.cancel()
            await asyncio.wait({self._staying})

    async def _stay(self) -> str:
        try:
            self.farewell = await self.visit.run()
        except Failed as failed:
            self.failure = failed
        self.exit()
        return self.farewell

    @property
    def _below(self) -> BaseScreen[object]:
        """The screen that is there all the time, under any question."""
        return self.screen_stack[0]

    # What the visit says

    def show(self, lesson: Lesson, notes: Sequence[Note]) -> None:
        """Show the lesson, and what has happened."""
        words, style = _LINKS[lesson.link]
        place = Text(f"Room {lesson.room}   {lesson.name}", style="bold")
        if not lesson.is_teacher_here:
            place.append("   the teacher is away", style="bold yellow")
        self._below.query_one("#place", Static).update(place)
        link = Text(words, style=style)
        if lesson.is_recorded and lesson.link == "online":
            link = Text("● recorded   ", style="bold red").append(link)
        self._below.query_one("#link", Static).update(link)
        self._below.query_one("#watching").set_class(lesson.is_watched, "-on")
        self._show_call(lesson)
        self._show_tasks(lesson)
        talk = self._below.query_one("#talk", Log)
        for note in notes:
            talk.add(_line(note))
        if lesson.is_asking_to_record and not self._has_asked:
            self._has_asked = True
            self.push_screen(Asked(QUESTION), self._decide_recording)

    def shared(self, report: Report) -> None:
        """Show what was sent; why nothing was, once."""
        if report.trouble != self._trouble or not report.trouble:
            style = "bold red" if report.trouble else "dim"
            self._below.query_one("#folder", Log).add(Text(tell(report), style=style))
        self._trouble = report.trouble

    def _show_call(self, lesson: Lesson) -> None:
        words, is_heard = sign_of(lesson), standing_of(lesson) in ("known", "helped")
        sign = self._below.query_one("#call", Static)
        sign.update(Text(f"!  {words}", style="green" if is_heard else "yellow"))
        sign.set_class(bool(words), "-on")

    def _show_tasks(self, lesson: Lesson) -> None:
        tasks = self._below.query_one("#tasks", OptionList)
        if lesson.tasks != self._shown:
            place = _place_among(lesson.tasks, self._shown or (), tasks.highlighted)
            self._shown = lesson.tasks
            tasks.clear_options()
            tasks.add_options([Option(_row(lesson, task)) for task in lesson.tasks])
            tasks.highlighted = place if lesson.tasks else None
            self._read(place)
        else:
            for place, task in enumerate(lesson.tasks):
                tasks.replace_option_prompt_at_index(place, _row(lesson, task))

    def _read(self, place: int) -> None:
        tasks = self.visit.lesson.tasks
        shown = tasks[place].text if place < len(tasks) else _NO_TASKS
        self._below.query_one("#text", Static).update(Text(shown))
        self._below.query_one("#task").scroll_home(animate=False)

    # What the student does

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Read that task."""
        self._read(event.option_index)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """A message, or a command."""
        event.input.clear()
        await self._obey(event.value)

    def action_mark(self, status: str) -> None:
        """Set the status of the task that is highlighted; help may be needed without one."""
        place = self._below.query_one("#tasks", OptionList).highlighted
        lesson = self.visit.lesson
        task = lesson.tasks[place] if place is not None and place < len(lesson.tasks) else None
        has_status = task is not None and task.has_status
        if status == "HELP":
            self._call(task.id if task is not None and has_status else None)
        elif task is not None and has_status:
            self.visit.mark(task, status)
        elif status == "DONE" and lesson.call is not None:
            self.visit.cancel_call()
        elif task is not None:
            self.visit.mark(task, status)

    def _call(self, task: str | None) -> None:
        # The sign is on the screen: the same key takes it away.
        call = self.visit.lesson.call
        if call is not None and call.task == task:
            self.visit.cancel_call()
        else:
            self.visit.call(task)

    def action_write(self) -> None:
        """To the line for messages."""
        self._below.query_one("#input").focus()

    def action_to_tasks(self) -> None:
        """To the tasks."""
        self._below.query_one("#tasks").focus()

    async def action_files(self) -> None:
        """What is shared, and what is not."""
        await self._obey("/files")

    def action_leave_screen(self) -> None:
        """Quit."""
        self.exit()

    async def _obey(self, line: str) -> None:
        self._answer(await self._commands.obey(line))
        if self._commands.question is not None:
            self.push_screen(Asked(self._commands.question.text), self._decide)

    async def _decide(self, answer: bool | None) -> None:  # noqa: FBT001 - a screen answers so
        self._answer(await self._commands.decide(is_yes=bool(answer)))

    async def _decide_recording(self, answer: bool | None) -> None:  # noqa: FBT001 - as above
        await self.visit.record(is_allowed=bool(answer))

    def _answer(self, answer: Answer) -> None:
        if answer.is_last:
            self.farewell = answer.text or self.farewell
            self.exit()
        elif answer.text:
            self._below.query_one("#talk", Log).add(Text(answer.text))


def _place_among(tasks: Sequence[Task], before: Sequence[Task], place: int | None) -> int:
    """Where the task is now that was read before; the first place if it is gone."""
    read = before[place].id if place is not None and place < len(before) else None
    return next((at for at, task in enumerate(tasks) if task.id == read), 0)


def _row(lesson: Lesson, task: Task) -> Text:
    if not task.has_status:
        # It is read, and has no status.
        return Text(f"  {task.heading}", style="bold")
    status = lesson.status(task.id)
    sign, style = _SIGNS.get(status, _SIGNS["NONE"])
    row = Text().append(f"{sign} ", style=style)
    row.append(task.heading, style="bold")
    row.append(f"  {STATUSES.get(status, status.lower())}", style=style)
    return row


def _line(note: Note) -> Text:
    who = {"teacher": "Teacher  ", "notice": "Teacher to all  ", "me": "You  "}.get(note.kind, "")
    line = Text().append(who, style="bold")
    line.append(note.text, style=_STYLES[note.kind])
    return line
