"""Files of the teacher's in the student's folder: what `/start` and `/solution` write and say."""

from pathlib import Path

import pytest

from quad.cli.share.placing import Placed, place
from quad.cli.share.starting import asked_to_start_again, compare, save_solution, start
from quad.cli.share.tasks import Task, TaskFile
from tests.cli.test_share_folder import write

TASK = Task(
    id="t",
    number="2",
    title="Loops",
    folder="loops",
    files=(TaskFile("main.py", "start\n"), TaskFile("data/in.txt", "1\r\n2")),
)
SOLVED = Task(id="t", number="2", folder="loops", solution=(TaskFile("main.py", "start\nend\n"),))


def tree(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in files}


def test_the_files_of_a_task_come_under_its_folder(tmp_path: Path) -> None:
    assert start(tmp_path, TASK) == "Task 2, Loops: wrote loops/main.py, loops/data/in.txt."
    assert tree(tmp_path) == {"loops/main.py": "start\n", "loops/data/in.txt": "1\r\n2"}
    assert start(tmp_path, Task(id="x", number="1")) == "Task 1 brings no files."


def test_work_that_is_there_stays_and_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"loops/main.py": "mine"})
    assert start(tmp_path, TASK) == (
        "Task 2, Loops: wrote loops/data/in.txt; left as it is: loops/main.py.\n"
        "  /start 2 --again begins anew, and keeps yours beside it"
    )
    assert tree(tmp_path)["loops/main.py"] == "mine"


def test_who_starts_again_is_asked_and_keeps_what_was_there(tmp_path: Path) -> None:
    assert asked_to_start_again(tmp_path, TASK) == ""
    write(tmp_path, {"loops/main.py": "mine", "loops/data/in.txt": "1\r\n2"})
    assert asked_to_start_again(tmp_path, TASK) == (
        "Begin Task 2, Loops again? What you have is kept as .before: loops/main.py."
    )
    for number, name in ((1, "main.py.before"), (2, "main.py.before2")):
        write(tmp_path, {"loops/main.py": f"mine {number}"})
        assert start(tmp_path, TASK, is_again=True) == (
            "Task 2, Loops: wrote loops/main.py; left as it is: loops/data/in.txt; "
            f"kept loops/main.py as loops/{name}."
        )
        assert tree(tmp_path)[f"loops/{name}"] == f"mine {number}"
    assert tree(tmp_path)["loops/main.py"] == "start\n"
    assert asked_to_start_again(tmp_path, TASK) == ""


@pytest.mark.parametrize(
    ("folder", "filename"),
    [
        ("", "../out.py"),
        ("", "/out.py"),
        ("", "a//b.py"),
        ("", ".git/hooks/pre-commit"),
        ("", ".bashrc"),
        ("node_modules", "a.js"),
        ("..", "out.py"),
        ("", "c:\\out.py"),
        ("", "a\x1b[2J.py"),
        ("link", "out.py"),
        ("file", "out.py"),
    ],
)
def test_no_name_leads_out_or_to_what_is_hidden(folder: str, filename: str, tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(root, {"file": "mine"})
    (root / "link").symlink_to(elsewhere)
    placed = place(root, folder, [TaskFile(filename, "x")])
    path = f"{folder}/{filename}" if folder else filename
    assert placed == Placed(refused=[path])
    assert tree(tmp_path) == {"root/file": "mine"}


def test_what_has_the_name_and_is_no_file_stays(tmp_path: Path) -> None:
    (tmp_path / "loops/main.py").mkdir(parents=True)
    (tmp_path / "secret").write_text("hush")
    (tmp_path / "loops/data").mkdir()
    (tmp_path / "loops/data/in.txt").symlink_to(tmp_path / "secret")
    for is_again in (False, True):
        said = start(tmp_path, TASK, is_again=is_again)
        assert said.count("something else is called so") == 2
    assert (tmp_path / "secret").read_text() == "hush"
    assert (tmp_path / "loops/data/in.txt").is_symlink()


def test_a_solution_is_a_difference_to_what_one_has(tmp_path: Path) -> None:
    assert compare(tmp_path, TASK) == (
        "The teacher has not shown the solution of Task 2, Loops yet."
    )
    assert "loops/main.py (not there)" in compare(tmp_path, SOLVED)
    write(tmp_path, {"loops/main.py": "start\nmine\n"})
    assert compare(tmp_path, SOLVED).splitlines()[1:-1] == [
        "--- loops/main.py (yours)",
        "+++ loops/main.py (solution)",
        "@@ -1,2 +1,2 @@",
        " start",
        "-mine",
        "+end",
    ]
    for name in ("main.py.solution", "main.py.solution2"):
        assert save_solution(tmp_path, SOLVED).endswith(f"wrote loops/{name}.")
        assert tree(tmp_path)[f"loops/{name}"] == "start\nend\n"
    assert tree(tmp_path)["loops/main.py"] == "start\nmine\n"
    write(tmp_path, {"loops/main.py": "start\nend\n"})
    assert "loops/main.py: as yours" in compare(tmp_path, SOLVED)
