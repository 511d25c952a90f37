"""The first steps of a server."""

from pathlib import Path

import pytest

from quad.cli.failures import Failed
from quad.realtime.http.binding import bind
from quad.settings import ServerSettings
from quad.starting import read_keys, take_address

SECRET = "s" * 43


def test_the_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    server = ServerSettings(data=tmp_path / "data")
    first = read_keys(server)
    assert read_keys(server).key("a") == first.key("a")
    assert (tmp_path / "data" / "quad.key").stat().st_mode & 0o777 == 0o600


def test_the_key_may_lie_in_a_file_elsewhere_which_is_made_too(tmp_path: Path) -> None:
    server = ServerSettings(data=tmp_path / "data", key_file=tmp_path / "my.key")
    first = read_keys(server)
    assert read_keys(server).key("a") == first.key("a")
    assert [path.name for path in tmp_path.iterdir()] == ["my.key"]


def test_a_secret_that_is_set_needs_no_file(tmp_path: Path) -> None:
    server = ServerSettings(data=tmp_path / "data", key_secret=SECRET)
    (tmp_path / "same.key").write_text(f"{SECRET}\n")
    same = ServerSettings(data=tmp_path / "data", key_file=tmp_path / "same.key")
    assert read_keys(server).key("a") == read_keys(same).key("a")
    assert not (tmp_path / "data").exists()


def test_a_file_without_a_key_is_a_sentence_that_does_not_repeat_it(tmp_path: Path) -> None:
    (tmp_path / "my.key").write_text("too short")
    with pytest.raises(Failed, match=r"my\.key holds no key") as caught:
        read_keys(ServerSettings(key_file=tmp_path / "my.key"))
    assert "too short" not in str(caught.value)


async def test_a_worker_may_serve_its_socket_once_more() -> None:
    with bind("127.0.0.1", 0) as inherited:
        for _ in range(2):
            with await take_address(ServerSettings(), inherited.fileno()) as listener:
                assert listener.getsockname() == inherited.getsockname()
