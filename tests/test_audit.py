"""The audit log is one line an action, which nobody's name can forge."""

import logging

import pytest

from quad import audit


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="quad.audit")
    return caplog


def test_a_line_names_action_result_address_and_details(lines: pytest.LogCaptureFixture) -> None:
    audit.record("admin.login", address="203.0.113.5", result="failed", name="admin", room=None)
    audit.record("classroom.close", address="2001:db8::1", room=123456)
    assert lines.messages == [
        "action=admin.login result=failed address=203.0.113.5 name=admin",
        "action=classroom.close result=ok address=2001:db8::1 room=123456",
    ]
    assert [record.levelname for record in lines.records] == ["WARNING", "INFO"]


def test_no_value_ends_a_line_or_passes_for_another_key(lines: pytest.LogCaptureFixture) -> None:
    audit.record("alert.post", name='X"\nresult=ok address=1.2.3.4\u2028\x1b[2J')
    (line,) = lines.messages
    assert line.splitlines() == [line]
    assert line.isascii()
    assert line.startswith('action=alert.post result=ok name="X\\"\\nresult=ok ')


def test_a_long_value_is_cut(lines: pytest.LogCaptureFixture) -> None:
    audit.record("alert.post", name="й" * 10_000)
    assert len(lines.messages[0]) < 1_500
