"""What `quad share` takes of a folder, and how two snapshots become messages."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.cli.share.changes import File, applied, changes, parcels, settled
from quad.cli.share.folder import Folder, Limits, Unsent, Why
from quad.cli.share.ignoring import Ignores

NOTHING = Ignores()


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def shared(root: Path, ignores: Ignores = NOTHING, limits: Limits | None = None) -> list[str]:
    return list(Folder(root, limits).snapshot(ignores).files)


# --- what is left out -----------------------------------------------------------------------------


def test_text_is_shared_as_it_is_and_the_rest_is_left_out_with_a_reason(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "main.py": "print('привет')\r\n",
        "empty.txt": "",
        "src/deep/er.c": "int x;",
        "picture.png": b"\x89PNG\x00\x01",
        "latin.txt": "olá".encode("latin-1"),
        "utf16.txt": "hello".encode("utf-16"),
        "big.csv": "x" * 101,
        "escapes.txt": "\x01" * 90,
        ".git/config": "[core]",
        "node_modules/left-pad/index.js": "x",
        "back\\slash.txt": "x",
        "c:x": "x",
    }
    write(tmp_path, files)
    os.mkfifo(tmp_path / "pipe")
    snapshot = Folder(tmp_path, Limits(file=100, message=500)).snapshot(NOTHING)
    assert snapshot.files == {
        "empty.txt": "",
        "main.py": "print('привет')\r\n",
        "src/deep/er.c": "int x;",
    }
    assert snapshot.unsent == {
        "big.csv": Unsent(Why.OVERSIZED, 101, 100),
        "escapes.txt": Unsent(Why.OVERSIZED, 542, 500),
        "latin.txt": Unsent(Why.BINARY, 3),
        "picture.png": Unsent(Why.BINARY, 6),
        "utf16.txt": Unsent(Why.BINARY, 12),
    }
    assert snapshot.left_out == {
        "picture.png": Why.BINARY,
        "latin.txt": Why.BINARY,
        "utf16.txt": Why.BINARY,
        "big.csv": Why.OVERSIZED,
        "escapes.txt": Why.OVERSIZED,
        ".git": Why.NEVER,
        "node_modules": Why.NEVER,
        "back\\slash.txt": Why.NAME,
        "c:x": Why.NAME,
        "pipe": Why.SPECIAL,
    }


def test_a_name_that_is_no_utf8_is_left_out_and_can_be_told(tmp_path: Path) -> None:
    for name in (b"caf\xe9.py", b"d\xff/inside.py", b"fine.py"):
        write(tmp_path, {os.fsdecode(name): "x"})
    snapshot = Folder(tmp_path).snapshot(NOTHING)
    assert list(snapshot.files) == ["fine.py"]
    assert snapshot.left_out == {"caf\\xe9.py": Why.NAME, "d\\xff": Why.NAME}


def test_links_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "secret", {"key": "hush"})
    root = write(tmp_path / "root", {"a.py": "1", "sub/b.py": "2"})
    (root / "out").symlink_to(tmp_path / "secret" / "key")
    (root / "outside").symlink_to(tmp_path / "secret", target_is_directory=True)
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "sub" / "up").symlink_to("..", target_is_directory=True)
    (root / "inside").symlink_to("a.py")
    (root / "nowhere").symlink_to("missing")
    snapshot = Folder(root).snapshot(NOTHING)
    assert list(snapshot.files) == ["a.py", "sub/b.py"]
    assert set(snapshot.left_out.values()) == {Why.LINK}
    assert len(snapshot.left_out) == 6
    # The folder itself may be a link.
    (tmp_path / "alias").symlink_to(root, target_is_directory=True)
    assert shared(tmp_path / "alias") == ["a.py", "sub/b.py"]


def test_the_rooms_settings_are_obeyed(tmp_path: Path) -> None:
    names = ["a.py", "a.pyc", "x.tar.gz", "y.gz", "notes", "src/notes", "out/a", "src/out/b"]
    write(tmp_path, dict.fromkeys([*names, "pkg.egg-info/c", "tmp/notes.txt", ".idea/d"], "x"))
    ignores = Ignores(["notes", ".idea"], ["out", ".egg-info"], ["pyc", "tar.gz"])
    assert shared(tmp_path, ignores) == ["a.py", "y.gz", "tmp/notes.txt"]


def test_gitignore_means_what_git_takes_it_for(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is missing: apt-get install git")
    write(
        tmp_path,
        {
            ".gitignore": "*.log\n!keep.log\n/only-top\nbuild/\n# a comment\ndocs/**/x.md\n",
            "a.log": "",
            "keep.log": "",
            "only-top": "",
            "sub/only-top": "",
            "build/out.txt": "",
            "sub/build/out.txt": "",
            "docs/a/b/x.md": "",
            "docs/a/b/y.md": "",
            "sub/.gitignore": "!a.log\nsecret*\n",
            "sub/a.log": "",
            "sub/b.log": "",
            "sub/secrets.txt": "",
            "sub/deep/secret": "",
            "excluded.txt": "",
            "home/work/.gitignore": "*.tmp\n",
            "home/work/a.py": "",
            "home/work/a.tmp": "",
            "home/work/a.log": "",
        },
    )
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".git/info/exclude").write_text("excluded.txt\n")

    def untracked(directory: Path) -> set[str]:
        command = ["git", "ls-files", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
        return set(listed.stdout.split())

    assert set(shared(tmp_path)) == untracked(tmp_path)
    # Who shares a part of a repository hides what the whole hides.
    assert shared(tmp_path / "home/work") == [".gitignore", "a.py"]
    assert set(shared(tmp_path / "home/work")) == untracked(tmp_path / "home/work")


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"


def test_keys_and_passwords_stay_here(tmp_path: Path) -> None:
    secret = [
        ".env", ".env.local", ".ENV.Production", "prod.env", ".envrc", "id_rsa", "id_ed25519",
        "server.pem", "server.key", "cert.p12", "cert.PFX", "vault.kdbx", ".netrc", "_netrc",
        ".npmrc", ".pypirc", ".pgpass", ".git-credentials", ".bash_history", "credentials.json",
        "credentials-class.json", "client_secret_1.json", "service-account.json", "secrets.toml",
        "deep/er/.env", "deep/er/id_ecdsa", ".env~", ".env - Copy", ".env (1)", "token.json",
        "serviceAccountKey.json", "class-firebase-adminsdk-x1.json", "terraform.tfstate.backup",
        "local.settings.json", "kubeconfig",
    ]  # fmt: skip
    inside = [".ssh/config", ".aws/config", ".gnupg/x", ".kube/config", "deep/.config/gh/hosts"]
    fine = [
        ".env.example", ".env.sample", ".env.template", ".env.dist", "environment.py", "key.py",
        "keys.txt", "id_rsa.pub", "tokens.json", "package.json",
        "credentials.py", "secrets.py", ".config/nvim/init.lua",
    ]  # fmt: skip
    write(tmp_path, dict.fromkeys([*secret, *inside, *fine], "x"))
    keys = {"a.txt": KEY, "b.txt": f"\ufeff\nBag Attributes\n  {KEY}", "c.txt": f"# no key\n{KEY}"}
    keys["class-1f2e.json"] = '{\n  "type": "service_account",\n  "private_key": "' + KEY
    write(tmp_path, {**keys, "d.txt": "PuTTY-User-Key-File-3: x", "lesson.md": f"`{KEY}`"})
    snapshot = Folder(tmp_path).snapshot(NOTHING)
    assert set(snapshot.files) == {*fine, "lesson.md"}
    assert {name for name, why in snapshot.left_out.items() if why is Why.SECRET} == {
        *secret, *keys, "d.txt", ".ssh", ".aws", ".gnupg", ".kube", "deep/.config/gh",
    }  # fmt: skip
    # Who shares the place of secrets itself has not asked for them either.
    assert Folder(tmp_path / ".ssh").snapshot(NOTHING) == ({}, {".": Why.SECRET}, {})


def test_what_counts_as_a_secret_is_shared_when_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {".env": "x", "sub/.env": "y", "a.txt": KEY, ".ssh/config": "z", "b.pem": "x"})
    write(tmp_path, {".gitignore": "b.pem\n"})
    for included, found in (
        ([".env"], {".env", "sub/.env"}),
        (["/.env", "*.txt"], {".env", "a.txt"}),
        ([".ssh/"], {".ssh/config"}),
        (["*"], {".env", "sub/.env", "a.txt", ".ssh/config"}),
        # It does not bring back what patterns of git leave out.
        (["b.pem"], set()),
    ):
        folder = Folder(tmp_path, included=included)
        for each in (folder, folder.anew()):
            assert set(each.snapshot(NOTHING).files) == found | {".gitignore"}
    assert ".ssh/config" not in shared(tmp_path, NOTHING)
    assert set(Folder(tmp_path / ".ssh", included=[".ssh/"]).snapshot(NOTHING).files) == {"config"}


def test_what_the_server_would_not_keep_is_left_out_from_the_depth(tmp_path: Path) -> None:
    write(tmp_path, {f"{place}/f{number}": "12345" for place in "ab" for number in range(5)})
    write(tmp_path, {"top": "12345", "large": "1" * 40})
    assert shared(tmp_path, limits=Limits(files=3)) == ["large", "top", "a/f0"]
    assert shared(tmp_path, limits=Limits(total=16)) == ["top", "a/f0", "a/f1"]


def test_thousands_of_files_are_looked_at_in_no_time_the_second_time(tmp_path: Path) -> None:
    write(tmp_path, {f"d{number % 50}/f{number}.py": f"x = {number}\n" for number in range(3_000)})
    folder = Folder(tmp_path, Limits(files=5_000))
    for file in tmp_path.rglob("*.py"):
        os.utime(file, (1e9, 1e9))
    first = folder.snapshot(NOTHING)
    assert len(first.files) == 3_000
    (tmp_path / "d7/f7.py").write_text("x = -1\n")
    started = time.perf_counter()
    second = folder.snapshot(NOTHING)
    assert time.perf_counter() - started < 3.0
    assert changes(first.files, second.files) == [File("d7/f7.py", "CHANGED", "x = -1\n")]


def test_a_change_that_hides_its_time_and_size_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("old")
    os.utime(file, ns=(10**18, 10**18))
    folder = Folder(tmp_path)
    assert folder.snapshot(NOTHING).files == {"a.py": "old"}
    file.write_text("new")
    os.utime(file, ns=(10**18, 10**18))
    assert folder.snapshot(NOTHING).files == {"a.py": "new"}


def test_a_folder_that_goes_away_is_empty(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"a": "1"})
    folder = Folder(root)
    folder.snapshot(NOTHING)
    shutil.rmtree(root)
    assert folder.snapshot(NOTHING) == ({}, {}, {})


# --- changes --------------------------------------------------------------------------------------

FILES = st.dictionaries(st.sampled_from("abcdef"), st.text(max_size=5), max_size=6)


@given(FILES, FILES)
def test_changes_lead_from_one_snapshot_to_the_other(
    before: dict[str, str], after: dict[str, str]
) -> None:
    files = changes(before, after)
    assert applied(files, before) == after
    assert len({file.filename for file in files}) == len(files)
    assert changes(after, after) == []


@given(FILES, FILES, FILES)
def test_what_stays_as_it_is_for_a_second_is_sent_and_once(
    sent: dict[str, str], earlier: dict[str, str], now: dict[str, str]
) -> None:
    wanted = settled(sent, earlier, now)
    assert settled(wanted, now, now) == now
    # What came and went between two looks is never seen.
    assert wanted.keys() <= now.keys() | sent.keys()
    assert all(name in sent or name in earlier for name in wanted)


@pytest.mark.parametrize(
    ("sent", "earlier", "now", "wanted"),
    [
        pytest.param("a1", "a1", "a2", "a2", id="a new content, at once"),
        pytest.param("a1", "a1", "a1 b1", "a1", id="a new file, not yet"),
        pytest.param("a1", "a1 b1", "a1 b2", "a1 b2", id="a new file that is still there"),
        pytest.param("a1", "a1", "b1", "a1", id="in the middle of a save by renaming"),
        pytest.param("a1", "b1", "a2", "a2", id="after a save by renaming"),
        pytest.param("a1", "b1", "b1", "b1", id="a rename"),
        pytest.param("a1", "", "", "", id="a file that stays away"),
        pytest.param("a1", "a1", "a", "a1", id="in the middle of a save by filling"),
        pytest.param("a1", "a", "a", "a", id="a file that stays empty"),
    ],
)
def test_saves_by_renaming_are_one_change(sent: str, earlier: str, now: str, wanted: str) -> None:
    def files(text: str) -> dict[str, str]:
        return {part[0]: part[1:] for part in text.split()}

    assert settled(files(sent), files(earlier), files(now)) == files(wanted)


@given(st.lists(st.text(max_size=50), max_size=20), st.integers(40, 300))
def test_messages_are_as_large_as_allowed_and_miss_nothing(texts: list[str], limit: int) -> None:
    files = [File(f"f{place}", "CREATED", text) for place, text in enumerate(texts)]
    sent = list(parcels(files, limit))
    assert [file for parcel in sent for file in parcel] == files
    assert all(len(p) <= 1 or len(msgspec.json.encode(p)) <= limit + 2 for p in sent)
    assert len(sent) >= 1
