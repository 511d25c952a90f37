import pytest

from quad.cli.failures import BUG, FAILED, MISUSED, Failed, sentences
from quad.settings import BadSettings
from quad.store import StoreUnavailable


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Failed("No such room."), FAILED, "quad: No such room."),
        (StoreUnavailable(), FAILED, "quad: The database is not available."),
        (BadSettings(["a is no setting"]), MISUSED, "\n  a is no setting\n"),
        (
            ModuleNotFoundError("No module named 'asyncpg'", name="asyncpg"),
            FAILED,
            "pip install 'quad-server[postgresql]'",
        ),
        (
            ModuleNotFoundError("No module named 'aio_pika'", name="aio_pika"),
            FAILED,
            "pip install 'quad-server[rabbitmq]'",
        ),
        (ModuleNotFoundError("No module named 'x'", name="x"), BUG, "a bug in Quad"),
        (
            PermissionError(13, "Permission denied", "/data"),
            FAILED,
            "quad: /data: Permission denied",
        ),
        (OSError("odd"), FAILED, "quad: odd"),
        (KeyError("x"), BUG, "a bug in Quad, KeyError: 'x'\n"),
        (RuntimeError("at postgresql://a:hush@b/c"), BUG, "postgresql://a:***@b/c"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_fails_is_told_in_a_sentence_with_its_code(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left, sentences():
        raise error
    printed = capsys.readouterr()
    assert left.value.code == code
    assert words in printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err


def test_where_a_bug_happened_is_shown_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), sentences(with_traceback=True):
        raise KeyError("x")
    printed = capsys.readouterr().err
    assert "Traceback" in printed
    assert __file__ in printed


def test_what_succeeds_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with sentences():
        pass
    assert capsys.readouterr().err == ""
