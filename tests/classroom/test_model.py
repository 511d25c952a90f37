"""The classroom's rules, without a server."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.classroom.model import (
    CURRENT,
    ORIGINAL,
    STEP_ORDER,
    File,
    Status,
    Step,
    StudentProgress,
    check_files,
    check_name,
    check_statuses,
    check_text,
    is_outdated,
    make_message,
    message_for,
    reviewed,
    stats,
    usable_steps,
    utf8_size,
    verdicts,
)
from quad.classroom.refusals import BadValue
from quad.classroom.state import KeptFiles

statuses = st.dictionaries(
    st.sampled_from(list(STEP_ORDER)),
    st.sampled_from(["NONE", "IN_PROGRESS", "HELP", "DONE", "ACCEPTED"]),
)


@pytest.mark.parametrize("name", ["A", "Иван Петров", "😀", "👩‍🎓 Ana", "x" * 100])
def test_a_name_is_kept_as_given(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", [" Ann ", "Ann\u200b", "A\u00adnn"])
def test_a_name_is_kept_in_its_visible_form(name: str) -> None:
    assert check_name(name) == "Ann"


@pytest.mark.parametrize(
    "name", ["", "  \t", "x" * 101, "a\x00b", "\u200b", "\u202eannA", "a\nb", "\x1b[0m"]
)
def test_nobody_is_called_that(name: str) -> None:
    with pytest.raises(BadValue, match="'name'"):
        check_name(name)


def test_a_text_is_measured_in_bytes() -> None:
    assert check_text("content", "дом", 6) == "дом"
    with pytest.raises(BadValue, match="'content' may not be longer than 5 bytes"):
        check_text("content", "дом", 5)
    with pytest.raises(BadValue, match="blank"):
        check_text("content", " \n", 5)


@given(st.text())
def test_the_size_of_a_text_is_that_of_its_bytes(text: str) -> None:
    assert utf8_size(text) == len(text.encode())


@pytest.mark.parametrize(
    "filename",
    [
        "main.py",
        "src/main/App.java",
        "src\\main\\App.java",
        "файл.txt",
        "..rc",
        "a..b/c..",
        "...",
        "a/.../b",
        ".idea/x.xml",
        "a b/c",
    ],
)
def test_a_relative_path_is_a_filename(filename: str) -> None:
    files = [File(filename, "CREATED", "x")]
    assert check_files(files) == (files, None)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "..",
        "../x",
        "a/../b",
        "a/..",
        "a\n/../b",
        "..\\x",
        "a\\..\\x",
        "/etc/passwd",
        "\\x",
        "\\\\host\\share",
        "C:\\x",
        "c:/x",
        "C:x",
        "a\x00b",
        "x" * 1001,
        ".",
        "./x",
        "a/./b",
        "a//b",
        "a/",
        "a\nb",
        "\u202egnp.exe",
        "a\u2028b",
        "\u200b",
    ],
)
def test_a_path_out_of_the_folder_is_no_filename(filename: str) -> None:
    good = File("good", "CREATED", "x")
    files, refused = check_files([good, File(filename, "CREATED", "x")])
    assert files == [good]
    assert refused is not None
    assert str(refused).startswith("'filename' must be a relative path")
    assert str(refused).isprintable()


def test_only_a_removed_file_needs_no_content() -> None:
    files = [File("a", "REMOVED"), File("b", "CREATED", "b")]
    assert check_files(files) == (files, None)
    with pytest.raises(BadValue, match="'content'"):
        check_files([File("a", "UPDATED")])


def test_steps_without_content_or_with_another_name_are_dropped() -> None:
    kept = [Step("theory", "read", type="theory"), Step("1", "x"), Step("16", "y")]
    dropped = [
        Step("0", "x"),
        Step("17", "x"),
        Step("01", "x"),
        Step("", "x"),
        Step("2", ""),
        Step("3", " \n"),
        Step("4", None),
    ]
    assert usable_steps([*dropped, *kept]) == kept


@given(statuses)
def test_known_statuses_of_known_steps_are_taken_as_they_are(given: dict[str, str]) -> None:
    assert check_statuses(given) == given


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"17": "DONE"}, "'17'"),
        ({"": "DONE"}, "''"),
        ({"1": "FINISHED"}, "'1'"),
        ({"1": "done"}, "'1'"),
        ({"2": 5}, "'2'"),
        ({"2": None}, "'2'"),
        ({"2": ["DONE"]}, "'2'"),
    ],
)
def test_an_unknown_step_or_status_is_named(given: dict[str, object], key: str) -> None:
    with pytest.raises(BadValue, match=key):
        check_statuses(given)


@given(statuses, statuses)
def test_a_review_adds_steps_only_to_a_student_without_any(
    own: dict[str, Status], review: dict[str, Status]
) -> None:
    concerned = reviewed(own, review)
    assert set(concerned) == (set(own) & set(review) if own else set(review))
    assert concerned.items() <= review.items()


def test_verdicts_are_told_when_a_solution_is_newly_accepted_or_sent_back() -> None:
    own: dict[str, Status] = {
        "1": "DONE",
        "2": "DONE",
        "3": "HELP",
        "4": "ACCEPTED",
        "5": "ACCEPTED",
    }
    review: dict[str, Status] = {
        "1": "ACCEPTED",
        "2": "NONE",
        "3": "NONE",
        "4": "ACCEPTED",
        "5": "NONE",
        "6": "DONE",
    }
    assert verdicts(own, review) == [
        ("1", "accepted"),
        ("2", "declined"),
    ]


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("1.0", "1.0.0", False),
        ("1.0.0", "1.0", False),
        ("1.9", "1.10", True),
        ("1.10", "1.9", False),
        ("0.9.9", "1", True),
        ("2", "1.9.9", False),
        ("v1.2-beta", "1.2", False),
        ("", "1.0.0", True),
        ("nonsense", "1.0.0", True),
        ("anything", "", False),
        ("9" * 5000, "1", False),
    ],
)
def test_versions_are_compared_as_numbers(version: str, wanted: str, expected: bool) -> None:
    assert is_outdated(version, wanted) is expected


@given(st.lists(st.integers(0, 99), min_size=1), st.lists(st.integers(0, 99), min_size=1))
def test_of_two_versions_at_most_one_is_outdated(left: list[int], right: list[int]) -> None:
    a, b = ".".join(map(str, left)), ".".join(map(str, right))
    assert not (is_outdated(a, b) and is_outdated(b, a))


def test_a_message_has_exactly_the_keys_of_its_protocol() -> None:
    at = datetime(2024, 5, 17, 9, 5, 7, 250_000, UTC)
    message = make_message(7, 1, 2, "Привет", at)
    original = msgspec.to_builtins(message_for(ORIGINAL, message))
    assert original == {
        "sender": 1,
        "receiver": 2,
        "content": "Привет",
        "status": None,
        "created_at": "09:05:07",
    }
    assert list(original) == ["sender", "receiver", "content", "status", "created_at"]
    current = msgspec.to_builtins(message_for(CURRENT, message))
    assert current == {**original, "id": 7, "at": "2024-05-17T09:05:07.250Z"}


def test_the_time_of_a_message_is_utc_wherever_it_was_read() -> None:
    at = datetime(2024, 5, 17, 12, 0, tzinfo=timezone(timedelta(hours=3)))
    message = make_message(7, 1, 2, "x", at)
    assert message.created_at == "09:00:00"
    assert message.at == "2024-05-17T09:00:00.000Z"


def test_statistics_have_a_column_for_each_step_in_order() -> None:
    rows = [StudentProgress("Ann", {"10": "DONE"}), StudentProgress("Bob", {})]
    found = stats([Step("2", "x"), Step("theory", "y")], rows)
    assert found is not None
    assert found.steps == ["theory", "2", "10"]
    assert found.students == rows


def test_there_are_no_statistics_before_anybody_has_any() -> None:
    assert stats([Step("1", "x")], [StudentProgress("Ann", {})]) is None
    assert stats([], []) is None


def test_kept_files_of_one_student_are_nobody_elses() -> None:
    first, second = KeptFiles(), KeptFiles()
    first.put([File("gone.py", "REMOVED"), File("a.py", "CREATED", "text")])
    assert (first.sizes, second.sizes, KeptFiles().sizes) == ({"a.py": 4}, {}, {})


@given(
    st.lists(
        st.lists(
            st.builds(
                File,
                st.sampled_from("abc"),
                st.sampled_from(["CREATED", "CHANGED", "REMOVED"]),
                st.text(max_size=3),
            )
        )
    )
)
def test_kept_files_add_up_and_can_be_put_back(batches: list[list[File]]) -> None:
    kept = KeptFiles()
    expected: dict[str, str] = {}
    for batch in batches:
        sizes, total = dict(kept.sizes), kept.total_bytes
        before = kept.put(batch)
        kept.put_back(before)
        assert (kept.sizes, kept.total_bytes) == (sizes, total)
        kept.put(batch)
        for file in batch:
            expected.pop(file.filename, None)
            if file.status != "REMOVED":
                expected[file.filename] = file.content or ""
    assert kept.sizes == {name: len(text.encode()) for name, text in expected.items()}
    assert kept.total_bytes == sum(kept.sizes.values())
