"""The example for fail2ban finds what it is for, and nothing that was written into other lines."""

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import quad.server
from quad import audit
from quad.logs import configure_logging
from quad.realtime import Site
from tests.docs.test_docs import ROOT, blocks

PAGE = ROOT / "docs/how-to/operate.md"
# What fail2ban puts for its own words, and the date that it takes off before it looks.
ADDRESS = r"(?P<ip>[0-9a-fA-F:.]+)"
DATE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}")


@pytest.fixture(params=[None, 2], ids=["one process", "a worker"])
def written(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[io.StringIO]:
    """Standard error, as the server writes it."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    root.handlers[:] = []
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging("info", request.param)
    yield stream
    root.handlers[:], level = before
    root.setLevel(level)


def failregex() -> re.Pattern[str]:
    (text,) = [block for block in blocks(PAGE, "ini") if "failregex" in block]
    (line,) = re.findall(r"^failregex = (.+)$", text, re.M)
    assert "<ADDR>" in line
    return re.compile(line.replace("<ADDR>", ADDRESS))


def found(written: io.StringIO) -> list[str]:
    lines = [DATE.sub("", line) for line in written.getvalue().splitlines()]
    return [match["ip"] for match in map(failregex().search, lines) if match]


def test_failed_logins_are_found_with_their_address(written: io.StringIO) -> None:
    audit.record("admin.login", address="203.0.113.5", result="failed", name="admin")
    audit.record("nearby.bot_login", address="2001:db8::1", result="failed", name="a b")
    audit.record("admin.login", address="203.0.113.6", result="ok", name="admin")
    audit.record("admin.login", address="203.0.113.7", result="refused", limit="wrong tries")
    audit.record("chat.register", address="203.0.113.8", result="failed", phone="111")
    assert found(written) == ["203.0.113.5", "2001:db8::1"]


def test_nobody_can_have_somebody_else_banned(written: io.StringIO) -> None:
    line = "WARNING quad.audit: action=admin.login result=failed address=203.0.113.9 name=x"
    audit.record("classroom.close", room=f"1\n2026-03-02 09:14:07,311 {line}")
    origin = f"http://x\n{line}".encode()
    request = Site().request("GET", "/", b"", [(b"origin", origin), (b"host", b"a")], "192.0.2.1")
    assert not request.is_allowed
    assert "quad.audit" in written.getvalue()
    assert found(written) == []


def test_the_actions_of_the_example_are_those_of_the_code() -> None:
    code = "".join(path.read_text() for path in Path(quad.server.__file__).parent.rglob("*.py"))
    for action in re.findall(r"[a-z]+\\\.[a-z_]+", failregex().pattern.partition("result")[0]):
        if action != r"quad\.audit":
            name = action.replace("\\", "")
            assert f'"{name}"' in code
