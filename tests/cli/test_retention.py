"""``quad retention --dry-run`` beside a running server, and without one."""

import json
import shutil
import sys
from pathlib import Path

from tests.cli.test_cli import quad
from tests.process import ServerProcess


def test_it_counts_beside_a_running_server_and_changes_nothing(
    tmp_path: Path, database: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(database, data / "quad.sqlite3")
    serve = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(data)]
    server = ServerProcess(serve)
    try:
        done = quad("retention", "--dry-run", "--data", str(data), "--json")
        shown = quad("retention", "--dry-run", "--data", str(data)).stdout
    finally:
        server.kill()
    assert (done.stderr, done.returncode) == ("", 0)
    assert "alert messages: kept for 30 days (retention.alert_messages_days)\n    0 go now" in shown
    for row in json.loads(done.stdout):
        assert row["setting"].startswith("retention.")
        assert row["due"] == 0


def test_without_dry_run_it_says_who_forgets(tmp_path: Path) -> None:
    done = quad("retention", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "--dry-run" in done.stderr


def test_without_a_database_it_says_so_and_makes_none(tmp_path: Path) -> None:
    done = quad("retention", "--dry-run", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "no database" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_tables_of_another_version_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "quad.sqlite3").touch()
    done = quad("retention", "--dry-run", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "not of this version" in done.stderr
