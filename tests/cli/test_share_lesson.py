"""What each event of the server makes of a student's lesson; tasks as text."""

from functools import reduce
from typing import Any

import msgspec
import pytest

from quad.cli.share.calls import call_given_up, call_kept, call_of, called, news_of_call
from quad.cli.share.lesson import (
    Lesson,
    Line,
    Note,
    Task,
    arrived,
    heard,
    lost,
    marked,
    reported,
    said,
    taken_back,
)
from quad.cli.share.text import text_of

START = Lesson(room=1, name="Ann")
JOINED = {"user_id": 7, "room_id": 1, "name": "Ann", "steps": {"1": "DONE"}, "token": "t"}
TASKS = [{"name": name, "content": f"<p>Do {name}</p>"} for name in ("theory", "1", "2")]


def after(*events: tuple[str, Any], lesson: Lesson = START) -> Lesson:
    return reduce(lambda lesson, event: heard(lesson, *event)[0], events, lesson)


def message(sender: int, text: str, number: int = 0) -> dict[str, Any]:
    return {"sender": sender, "content": text, "at": f"2024-05-17T09:30:0{number}.000Z"}


def history(*messages: dict[str, Any]) -> tuple[str, Any]:
    return ("message/user", {"user_id": 7, "messages": list(messages)})


IN = after(("room/join", JOINED), ("steps/all", TASKS))


def test_who_joins_knows_who_they_are_and_what_there_is_to_do() -> None:
    assert (IN.user_id, IN.link, IN.status("1"), IN.status("2")) == (7, "online", "DONE", "NONE")
    assert IN.tasks == (Task("theory", "Do theory"), Task("1", "Do 1"), Task("2", "Do 2"))
    _, notes = heard(START, "steps/all", TASKS)
    assert notes == [Note("info", "The teacher has given 2 tasks.")]
    # Those that come again with every return are no news.
    assert heard(IN, "steps/all", TASKS) == (IN, ())


def test_being_watched_is_told_when_it_begins_and_when_it_ends() -> None:
    watched, notes = heard(IN, "sharing/start", {})
    assert watched.is_watched
    assert [note.kind for note in notes] == ["warning"]
    assert heard(watched, "sharing/start", {}) == (watched, ())
    ended, notes = heard(watched, "sharing/end", {})
    assert not ended.is_watched
    assert len(notes) == 1
    assert heard(ended, "sharing/end", {}) == (ended, ())
    away = after(("message", {"message": "The teacher is offline!"}), lesson=watched)
    assert (away.is_watched, away.is_teacher_here) == (False, False)
    assert after(("message", {"message": "The teacher reconnected!"}), lesson=away).is_teacher_here
    assert not lost(watched)[0].is_watched


def test_a_status_is_what_was_set_here_until_the_teacher_says_otherwise() -> None:
    lesson, _ = marked(IN, "2", "HELP")
    assert lesson.status("2") == "HELP"
    kept = reported(lesson, {"2": "HELP"})
    assert (kept.statuses, kept.unsent_statuses) == ({"1": "DONE", "2": "HELP"}, {})
    # Set again while the first was on its way.
    again, _ = marked(lesson, "2", "DONE")
    assert reported(again, {"2": "HELP"}).status("2") == "DONE"
    reviewed = after(("steps/status/to_client", {"2": "ACCEPTED"}), lesson=again)
    assert reviewed.status("2") == "ACCEPTED"
    assert reported(reviewed, {"2": "DONE"}) == reviewed
    assert taken_back(again, {"2": "DONE"}).status("2") == "NONE"
    assert marked(reviewed, "2", "NONE") == (
        reviewed,
        [Note("bad", "Task 2 is accepted already.")],
    )
    assert marked(IN, "theory", "DONE")[0] == IN
    assert marked(IN, "9", "DONE") == (IN, [Note("bad", "There is no task 9.")])


def test_a_message_that_arrived_before_the_connection_broke_is_not_sent_again() -> None:
    lesson, _ = said(said(IN, "one")[0], "two")
    lesson, _ = said(arrived(lesson, "one", "2024"), "two")
    assert lesson.unsent == ("two", "two")
    back, notes = heard(
        lesson, *history(message(7, "one"), message(7, "two", 1), message(5, "yes?", 2))
    )
    assert back.unsent == ("two",)
    assert notes == [Note("teacher", "yes?")]
    assert [line.text for line in back.talk] == ["one", "two", "yes?"]
    assert heard(back, *history(message(7, "one"), message(7, "two"), message(5, "yes?")))[1] == []


def test_what_was_said_in_an_earlier_run_is_shown() -> None:
    lesson, notes = heard(IN, *history(message(5, "hello"), message(7, "hi", 1)))
    assert notes == [Note("teacher", "hello"), Note("me", "hi")]
    assert lesson.talk[1] == Line(is_mine=True, text="hi", at="2024-05-17T09:30:01.000Z")


def test_notices_are_shown_and_a_lost_place_is_understood() -> None:
    taken = "Your place in the room was taken by another connection."
    lesson, notes = heard(IN, "alerts", {"message": taken, "type": "INFO"})
    assert lesson.is_replaced
    assert notes == [Note("info", taken)]
    _, notes = heard(IN, "alerts", {"message": "Task 1 solution declined!", "type": "WARNING"})
    assert notes == [Note("warning", "Task 1 solution declined!")]
    assert after(("room/closed", {"message": "Room closed!"}), lesson=IN).is_closed
    # The same notice under its older name.
    assert heard(IN, "alert", {"message": taken, "type": "INFO"}) == (IN, ())


def test_an_old_task_without_a_number_can_be_read() -> None:
    [task] = after(("exercise", {"content": "<p>Draw</p>"})).tasks
    assert (task.name, task.text) == ("theory", "Draw")


def test_nobody_steers_the_terminal() -> None:
    _, [note] = heard(IN, "message/to_client", message(5, "\x1b[2Jboo\rhoo"))
    assert note.text == " [2Jboo hoo"


def test_a_payload_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        heard(IN, "steps/all", {"name": 5})
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

CAUGHT_UP = after(history(), lesson=IN)
CALLING, _ = called(CAUGHT_UP, is_calling=True)
KNOWN = call_kept(CALLING, is_calling=True)
AWAY = ("message", {"message": "The teacher is offline!"})
BACK = ("message", {"message": "The teacher reconnected!"})
CALLED = ("room/join", {**JOINED, "signal": "HELP"})


@pytest.mark.parametrize(
    ("lesson", "call"),
    [
        pytest.param(CAUGHT_UP, "none", id="nobody asks"),
        pytest.param(CALLING, "unsent", id="on its way"),
        pytest.param(KNOWN, "known", id="the server has told the teacher"),
        pytest.param(after(AWAY, lesson=KNOWN), "waiting", id="the teacher is away"),
        pytest.param(after(AWAY, BACK, lesson=KNOWN), "known", id="the teacher is back"),
        pytest.param(lost(KNOWN)[0], "unsent", id="nobody knows what the teacher knows"),
        pytest.param(after(CALLED, lesson=lost(KNOWN)[0]), "unsent", id="is the teacher there?"),
        pytest.param(after(CALLED, AWAY, history(), lesson=KNOWN), "waiting", id="no, away"),
        pytest.param(after(CALLED, history(), lesson=lost(KNOWN)[0]), "known", id="yes, there"),
        pytest.param(after(CALLED, history()), "known", id="called in an earlier run"),
        pytest.param(
            after(("room/join", JOINED), history(), lesson=lost(CALLING)[0]),
            "unsent",
            id="the server has not heard of it",
        ),
        pytest.param(
            after(CALLED, history(), lesson=called(lost(KNOWN)[0], is_calling=False)[0]),
            "none",
            id="ended while away, whatever the server remembers",
        ),
        pytest.param(marked(CAUGHT_UP, "2", "HELP")[0], "unsent", id="with a task, on its way"),
        pytest.param(
            reported(marked(CAUGHT_UP, "2", "HELP")[0], {"2": "HELP"}), "known", id="with a task"
        ),
        pytest.param(call_given_up(CALLING, is_calling=True), "none", id="the server refuses"),
        pytest.param(
            call_kept(called(CALLING, is_calling=False)[0], is_calling=True),
            "none",
            id="ended before it had arrived",
        ),
    ],
)
def test_the_sign_of_a_call_says_who_knows(lesson: Lesson, call: str) -> None:
    assert call_of(lesson) == call


def test_who_has_called_hears_when_somebody_knows_and_when_nobody_can() -> None:
    offline = lost(CAUGHT_UP)[0]
    news = {
        "sent": (CALLING, KNOWN),
        "away": (KNOWN, after(AWAY, lesson=KNOWN)),
        "back": (after(AWAY, lesson=KNOWN), KNOWN),
        "offline": (offline, called(offline, is_calling=True)[0]),
        "on its way": (CAUGHT_UP, CALLING),
        "lost": (KNOWN, lost(KNOWN)[0]),
        "ended": (KNOWN, called(KNOWN, is_calling=False)[0]),
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
    }
