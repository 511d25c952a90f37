"""What each event of the server makes of a student's lesson; tasks as text."""

from functools import reduce
from typing import Any

import msgspec
import pytest

from quad.cli.share.calls import (
    Standing,
    call_given_up,
    call_kept,
    called,
    cancelled,
    news_of_call,
    paused,
    sign_of,
    standing_of,
)
from quad.cli.share.doing import arrived, given_up, lost, marked, reported, said, taken_back
from quad.cli.share.hearing import heard
from quad.cli.share.lesson import Call, Lesson, Line, Note
from quad.cli.share.memory import Unsent
from quad.cli.share.tasks import Task, named, task_and_note
from quad.cli.share.text import text_of

START = Lesson(room=1, name="Ann")
JOINED = {"user_id": 7, "name": "Ann", "steps": {"a": "DONE"}, "is_teacher_here": True}
TASKS = {
    "rev": 1,
    "tasks": [
        {"id": "read", "type": "theory", "title": "Loops", "content": "<p>Read</p>"},
        {"id": "a", "title": "Add", "content": "<p>Do a</p>"},
        {"id": "b", "title": "Add more", "content": "<p>Do b</p>", "folder": "b"},
    ],
}


def after(*events: tuple[str, Any], lesson: Lesson = START) -> Lesson:
    return reduce(lambda lesson, event: heard(lesson, *event)[0], events, lesson)


def message(number: int, sender: int, text: str, key: str = "") -> dict[str, Any]:
    told = {"id": number, "sender": sender, "content": text}
    return {**told, "key": key} if key else told


def history(*messages: dict[str, Any]) -> tuple[str, Any]:
    return ("message/user", {"user_id": 7, "messages": list(messages)})


IN = after(("room/join", JOINED), ("tasks/all", TASKS))
READ, ADD, MORE = IN.tasks


def test_who_joins_knows_who_they_are_and_what_there_is_to_do() -> None:
    assert (IN.user_id, IN.link, IN.status("a"), IN.status("b")) == (7, "online", "DONE", "NONE")
    assert [task.heading for task in IN.tasks] == [
        "Theory, Loops",
        "Task 1, Add",
        "Task 2, Add more",
    ]
    assert [task.text for task in IN.tasks] == ["Read", "Do a", "Do b"]
    _, notes = heard(START, "tasks/all", TASKS)
    assert notes == [Note("info", "The teacher has given 2 tasks.")]
    # Those that come again with every return are no news.
    assert heard(IN, "tasks/all", TASKS) == (IN, ())
    _, notes = heard(START, "room/join", {**JOINED, "title": "7b"})
    assert notes == [Note("good", "You are in room 1, 7b, as Ann.")]


def test_steps_of_an_older_teacher_are_called_by_their_names() -> None:
    steps = [{"id": name, "content": name} for name in ("10", "theory", "2")]
    tasks = after(("tasks/all", {"rev": 1, "tasks": steps})).tasks
    assert [task.heading for task in tasks] == ["Task 10", "Theory", "Task 2"]
    assert [task.has_status for task in tasks] == [True, False, True]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("1", ["a"]),
        ("add", ["a"]),
        ("ADD M", ["b"]),
        ("ad", ["a", "b"]),
        ("theory", ["read"]),
        ("loops", ["read"]),
        ("3", []),
        ("", []),
    ],
)
def test_a_task_is_named_by_its_number_or_its_title(words: str, ids: list[str]) -> None:
    assert [task.id for task in named(IN.tasks, words)] == ids


@pytest.mark.parametrize(
    ("words", "task", "note"),
    [
        ("2 I get an IndexError", MORE, "I get an IndexError"),
        ("add more: it hangs", MORE, "it hangs"),
        ("add more it hangs", MORE, "it hangs"),
        ("Add", ADD, ""),
        ("address of my file?", None, "address of my file?"),
        ("9 errors", None, "9 errors"),
        ("", None, ""),
    ],
)
def test_what_is_asked_may_begin_with_a_task(words: str, task: Task | None, note: str) -> None:
    assert task_and_note(IN.tasks, words) == (task, note)


def test_being_watched_is_told_when_it_begins_and_when_it_ends() -> None:
    watched, notes = heard(IN, "sharing/start", {})
    assert watched.is_watched
    assert [note.kind for note in notes] == ["warning"]
    assert heard(watched, "sharing/start", {}) == (watched, ())
    ended, notes = heard(watched, "sharing/end", {})
    assert not ended.is_watched
    assert len(notes) == 1
    assert heard(ended, "sharing/end", {}) == (ended, ())
    assert not lost(watched)[0].is_watched


def test_the_teacher_is_away_and_back_by_codes_and_it_is_told_once() -> None:
    _, notes = heard(START, "room/join", {**JOINED, "is_teacher_here": False})
    assert notes[-1] == Note("info", "The teacher is away.")
    watched = after(("sharing/start", {}), lesson=IN)
    away, notes = heard(watched, *AWAY)
    assert (away.is_watched, away.is_teacher_here) == (False, False)
    assert notes == (Note("info", "The teacher is away."),)
    assert heard(away, *AWAY) == (away, ())
    again, notes = heard(lost(away)[0], "room/join", {**JOINED, "is_teacher_here": False})
    assert [note.text for note in notes] == ["Connected again."]
    back, notes = heard(again, *BACK)
    assert back.is_teacher_here
    assert notes == (Note("info", "The teacher is back."),)
    # Without the code it is a sentence like others.
    assert heard(back, "message", {"message": "The teacher is offline!"})[0] == back


def test_a_status_is_what_was_set_here_until_the_teacher_says_otherwise() -> None:
    lesson, notes = marked(IN, MORE, "IN_PROGRESS")
    assert lesson.status("b") == "IN_PROGRESS"
    assert notes == [Note("info", "Task 2, Add more: in progress")]
    kept = reported(lesson, {"b": "IN_PROGRESS"})
    assert (kept.statuses, kept.unsent_statuses) == ({"a": "DONE", "b": "IN_PROGRESS"}, {})
    # Set again while the first was on its way.
    again, _ = marked(lesson, MORE, "DONE")
    assert reported(again, {"b": "IN_PROGRESS"}).status("b") == "DONE"
    review = {"statuses": {"b": "ACCEPTED"}, "comment": "Well done."}
    reviewed, notes = heard(again, "tasks/reviewed", review)
    assert (reviewed.status("b"), notes) == ("ACCEPTED", [])
    assert reported(reviewed, {"b": "DONE"}) == reviewed
    assert taken_back(again, {"b": "DONE"}).status("b") == "NONE"
    assert marked(reviewed, MORE, "NONE") == (
        reviewed,
        [Note("bad", "Task 2, Add more is accepted already.")],
    )
    assert marked(IN, READ, "DONE")[0] == IN
    # Taken back: no notice says so.
    _, notes = heard(reviewed, "tasks/reviewed", {"statuses": {"b": "IN_PROGRESS"}})
    assert notes == [Note("info", "Task 2, Add more: in progress")]


def test_a_message_that_arrived_before_the_connection_broke_is_not_sent_again() -> None:
    lesson, _ = said(said(IN, "one", "k1")[0], "two", "k2")
    lesson, _ = said(arrived(lesson, Unsent("k1", "one"), 1), "two", "k3")
    assert [each.key for each in lesson.unsent] == ["k2", "k3"]
    told = history(message(1, 7, "one", "k1"), message(2, 7, "two", "k2"), message(3, 5, "yes?"))
    back, notes = heard(lesson, *told)
    assert back.unsent == (Unsent("k3", "two"),)
    assert notes == [Note("teacher", "yes?")]
    assert [line.text for line in back.talk] == ["one", "two", "yes?"]
    assert heard(back, *told)[1] == []
    # It came by itself as well, before the history or after it.
    assert heard(back, "message/to_client", message(3, 5, "yes?")) == (back, ())
    assert given_up(back, Unsent("k3", "two")).unsent == ()


def test_what_was_said_in_an_earlier_run_is_shown_and_what_was_not_sent_last() -> None:
    earlier = msgspec.structs.replace(IN, unsent=(Unsent("k1", "hi"), Unsent("k2", "still there?")))
    told = history(message(1, 5, "hello"), message(2, 7, "hi", "k1"))
    lesson, notes = heard(earlier, *told)
    assert notes == [
        Note("teacher", "hello"),
        Note("me", "hi"),
        Note("me", "still there?"),
    ]
    assert lesson.talk[1] == Line(id=2, is_mine=True, text="hi")
    assert lesson.unsent == (Unsent("k2", "still there?"),)
    assert heard(lesson, *told)[1] == []


def test_what_the_teacher_tells_all_is_shown_once() -> None:
    notice = {"id": 4, "sender": 5, "content": "Lunch at one", "at": "2024-05-17T09:30:00.000Z"}
    lesson, notes = heard(IN, "notice", notice)
    assert notes == [Note("notice", "Lunch at one")]
    assert heard(lesson, "notice", notice) == (lesson, ())


def test_notices_are_known_by_their_codes() -> None:
    taken = {"message": "Anything.", "type": "INFO", "code": "place_taken"}
    lesson, notes = heard(IN, "alerts", taken)
    assert lesson.is_replaced
    assert notes == [Note("info", "Anything.")]
    assert not after(("alerts", {**taken, "code": "silent"}), lesson=IN).is_replaced
    for code, words in (("accepted", "accepted!"), ("declined", "not accepted yet")):
        verdict = {"message": "Task 1 ...", "type": "SUCCESS", "code": code, "task": "a"}
        _, [note] = heard(IN, "alerts", verdict)
        assert note.text.startswith(f"Task 1, Add: {words}")
    assert after(("room/closed", {"message": "Room closed!"}), lesson=IN).is_closed
    # The same notice under its older name.
    assert heard(IN, "alert", taken) == (IN, ())


def test_an_old_task_without_a_number_can_be_read() -> None:
    [task] = after(("exercise", {"content": "<p>Draw</p>"})).tasks
    assert (task.heading, task.text, task.has_status) == ("Theory", "Draw", False)


def test_nobody_steers_the_terminal() -> None:
    _, [note] = heard(IN, "message/to_client", message(1, 5, "\x1b[2Jboo\rhoo"))
    assert note.text == " [2Jboo hoo"
    [task] = after(("tasks/all", {"tasks": [{"id": "x", "title": "\x1b[2J"}]})).tasks
    assert task.title == " [2J"


def test_a_payload_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        heard(IN, "tasks/all", {"tasks": 5})
    assert heard(IN, "something/new", [1, 2]) == (IN, ())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain &amp; simple", "plain & simple"),
        ("<p>one\n  line</p><p><br></p><p>two</p>", "one line\n\ntwo"),
        ("<h2>Task</h2><div>a</div><div>b</div>", "Task\n\na\nb"),
        ("<ol><li>x</li><li>y<ul><li>z</li></ul></li></ol>", "1. x\n2. y\n  • z"),
        ('<pre class="ql-syntax">if x:\n    y()\n</pre>', "if x:\n    y()"),
        ('<a href="https://x.org">here</a>', "here (https://x.org)"),
        ('<a href="https://x.org">https://x.org</a>', "https://x.org"),
        ('<a href="javascript:x">here</a>', "here"),
        ('<img src="x" alt="a cat">', "[picture: a cat]"),
        ("<script>boo()</script><style>p{}</style>ok", "ok"),
        ("a<br>b", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("</ul></a></p></pre>x", "x"),
        ("", ""),
    ],
)
def test_a_task_is_readable_without_its_tags(html: str, text: str) -> None:
    assert text_of(html) == text


# --- calls for help -------------------------------------------------------------------------------

AWAY = ("message", {"message": "The teacher is offline!", "code": "teacher_away"})
BACK = ("message", {"message": "The teacher reconnected!", "code": "teacher_back"})
CALLING, _ = called(IN, None, "stuck")
KNOWN = call_kept(CALLING, CALLING.call)
WITH_TASK, _ = called(IN, "b", "")
SIGNALLED = ("room/join", {**JOINED, "signal": "HELP"})
ASKED = ("room/join", {**JOINED, "steps": {"b": "HELP"}})


def place(number: int | None, **more: object) -> tuple[str, Any]:
    return ("help/place", {"place": number, **more})


@pytest.mark.parametrize(
    ("lesson", "standing"),
    [
        pytest.param(IN, "none", id="nobody asks"),
        pytest.param(CALLING, "unsent", id="on its way"),
        pytest.param(KNOWN, "known", id="the server has told the teacher"),
        pytest.param(after(AWAY, lesson=KNOWN), "waiting", id="the teacher is away"),
        pytest.param(after(AWAY, BACK, lesson=KNOWN), "known", id="the teacher is back"),
        pytest.param(lost(KNOWN)[0], "unsent", id="nobody knows what the teacher knows"),
        pytest.param(after(SIGNALLED, lesson=lost(KNOWN)[0]), "known", id="back again"),
        pytest.param(after(SIGNALLED), "known", id="called in an earlier run"),
        pytest.param(after(ASKED), "known", id="called with a task in an earlier run"),
        pytest.param(
            after(("room/join", JOINED), lesson=lost(CALLING)[0]),
            "unsent",
            id="the server has not heard of it",
        ),
        pytest.param(
            after(SIGNALLED, lesson=cancelled(lost(KNOWN)[0])[0]),
            "none",
            id="ended while away, whatever the server remembers",
        ),
        pytest.param(WITH_TASK, "unsent", id="with a task, on its way"),
        pytest.param(call_kept(WITH_TASK, WITH_TASK.call), "known", id="with a task"),
        pytest.param(marked(KNOWN, MORE, "DONE")[0], "known", id="another task is done"),
        pytest.param(marked(WITH_TASK, MORE, "DONE")[0], "none", id="its task is done"),
        pytest.param(call_given_up(CALLING, CALLING.call), "none", id="the server refuses"),
        pytest.param(
            call_kept(cancelled(CALLING)[0], CALLING.call), "none", id="ended before it arrived"
        ),
        pytest.param(after(place(0, by="T"), lesson=KNOWN), "helped", id="somebody is here"),
        pytest.param(after(place(None), lesson=KNOWN), "none", id="the teacher has ended it"),
        pytest.param(after(place(None), lesson=CALLING), "unsent", id="a call before has ended"),
        pytest.param(
            after(place(3, is_paused=True), lesson=KNOWN), "paused", id="was not there to be helped"
        ),
        pytest.param(
            after(("tasks/reviewed", {"statuses": {"b": "DONE"}}), lesson=after(ASKED)),
            "none",
            id="the teacher has reviewed its task",
        ),
    ],
)
def test_the_sign_of_a_call_says_who_knows(lesson: Lesson, standing: Standing) -> None:
    assert standing_of(lesson) == standing


@pytest.mark.parametrize(
    ("place", "sign"),
    [
        (place(1), "Your teacher knows that you need help: you are next"),
        (place(3), "Your teacher knows that you need help: 2 before you"),
        (
            place(3, estimate_s=250),
            "Your teacher knows that you need help: 2 before you, about 4 min",
        ),
        (place(0, by="Eve"), "Eve is with you now"),
        (place(0), "Your teacher is with you now"),
        (
            place(2, is_paused=True),
            "Your call for help keeps its place; /pause when you can be helped again",
        ),
        (place(None), ""),
    ],
)
def test_the_sign_says_how_many_are_before(place: tuple[str, Any], sign: str) -> None:
    assert sign_of(after(place, lesson=KNOWN)) == sign


def test_who_has_called_hears_when_somebody_knows_and_when_nobody_can() -> None:
    offline = lost(IN)[0]
    second = after(place(2), lesson=KNOWN)
    news = {
        "sent": (CALLING, KNOWN),
        "away": (KNOWN, after(AWAY, lesson=KNOWN)),
        "back": (after(AWAY, lesson=KNOWN), KNOWN),
        "offline": (offline, called(offline, None, "")[0]),
        "on its way": (IN, CALLING),
        "lost": (KNOWN, lost(KNOWN)[0]),
        "ended": (KNOWN, cancelled(KNOWN)[0]),
        "second": (KNOWN, second),
        "next": (second, after(place(1), lesson=second)),
        "here": (second, after(place(0, by="Eve"), lesson=second)),
    }
    words = {key: "".join(note.text for note in news_of_call(*two)) for key, two in news.items()}
    assert words == {
        "sent": "Your teacher knows that you need help.",
        "away": "You need help: your teacher is away and will see it when back.",
        "back": "Your teacher knows that you need help.",
        "offline": "You need help: your teacher hears of it as soon as you are connected.",
        "on its way": "",
        "lost": "",
        "ended": "",
        "second": "",
        "next": "You are next.",
        "here": "Eve is with you now.",
    }


def test_a_call_is_paused_and_goes_on_and_ends_what_says_help() -> None:
    with_task = call_kept(WITH_TASK, WITH_TASK.call)
    assert with_task.status("b") == "HELP"
    still, _ = paused(with_task)
    assert (still.call, still.is_call_kept) == (Call(task="b", is_paused=True), False)
    assert paused(still)[0].call == with_task.call
    ended, _ = cancelled(with_task)
    assert (ended.status("b"), ended.call, ended.is_call_kept) == ("IN_PROGRESS", None, False)
    for act in (paused, cancelled):
        assert act(IN) == (IN, [Note("info", "You have not asked for help.")])
