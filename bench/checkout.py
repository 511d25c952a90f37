"""Another commit of Quad, in a directory of its own for as long as it is measured."""

import compileall
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rig import MeasurementFailed

ROOT = Path(__file__).resolve().parent.parent
# Git does not know the built browser application.
APP = Path("src/quad/app")
LOCKED = Path("locks/runtime.txt")
_PIN = re.compile(r"^([\w.-]+)==([^\s\\]+)", re.M)


class NoSuchRevision(Exception):
    """There is no such commit, or no repository; the text is a sentence."""


@dataclass(frozen=True)
class Checkout:
    """The commit's short name, its tree, and in what its locked versions differ from today's."""

    commit: str
    tree: Path
    other_versions: list[str]

    @property
    def sources(self) -> Path:
        """Where Python finds this commit's `quad`."""
        return self.tree / "src"


@contextmanager
def checked_out(revision: str, root: Path = ROOT) -> Iterator[Checkout]:
    """A temporary work tree of `revision`, able to serve; it is gone afterwards, come what may."""
    commit = commit_of(revision, root)
    with TemporaryDirectory(prefix="quad-bench-") as directory:
        tree = Path(directory) / f"quad-{commit}"
        try:
            _git(root, "worktree", "add", "--quiet", "--detach", str(tree), commit)
            _complete(tree, root)
            yield Checkout(commit, tree, list(_other_versions(tree, root)))
        finally:
            # Nothing is there to remove if adding it was interrupted.
            _git(root, "worktree", "remove", "--force", str(tree), check=False)


def commit_of(revision: str, root: Path = ROOT) -> str:
    """The short name of the commit; raises `NoSuchRevision`."""
    wanted = f"{revision}^{{commit}}"
    words = ("rev-parse", "--verify", "--quiet", "--short", "--end-of-options", wanted)
    try:
        return _git(root, *words)
    except MeasurementFailed as failure:
        raise NoSuchRevision(str(failure) or f"git knows no commit {revision!r} here") from None


def present(root: Path = ROOT) -> str:
    """What lies in the work tree: the commit's short name, and whether there are changes to it."""
    return _git(root, "describe", "--always", "--dirty=, changed", "--exclude=*")


def _complete(tree: Path, root: Path) -> None:
    if (root / APP).is_dir() and not (tree / APP).exists():
        shutil.copytree(root / APP, tree / APP)
    # Otherwise each start compiles everything again where Python is told to write no bytecode, and
    # has another heap than a server that does not.
    compileall.compile_dir(tree / "src", quiet=2)


def _other_versions(tree: Path, root: Path) -> Iterator[str]:
    if not (tree / LOCKED).is_file():
        yield f"it has no {LOCKED}"
        return
    old, new = (dict(_PIN.findall((each / LOCKED).read_text())) for each in (tree, root))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, 'none')} (now {new.get(name, 'none')})"


def _git(root: Path, *words: str, check: bool = True) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        raise MeasurementFailed("git is not installed") from None
    if check and done.returncode != 0:
        raise MeasurementFailed(done.stderr.strip())
    return done.stdout.strip()
