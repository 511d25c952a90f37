"""Half a surrogate pair in JSON becomes U+FFFD, and nothing else changes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.wire.surrogates import replace_lone_surrogates


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        pytest.param(r'"\ud83d"', r'"\ufffd"', id="the first half"),
        pytest.param(r'"\uDE00"', r'"\ufffd"', id="the second half"),
        pytest.param(r'"\ud83d\ude00"', r'"\ud83d\ude00"', id="a pair"),
        pytest.param(r'"\ud83d\ude00\ude00"', r'"\ud83d\ude00\ufffd"', id="a pair and a half"),
        pytest.param(r'"\ud83d\ud83d\ude00"', r'"\ufffd\ud83d\ude00"', id="a half and a pair"),
        pytest.param(r'"\\ud83d"', r'"\\ud83d"', id="a backslash and letters"),
        pytest.param(r'"\\\ud83d"', r'"\\\ufffd"', id="a backslash and a half"),
        pytest.param(r'"\\ud83d\ude00"', r'"\\ud83d\ufffd"', id="letters and a half"),
        pytest.param(r'"\ud83d\n"', r'"\ufffd\n"', id="beside another escape"),
        pytest.param(r'{"x":1e999,"y":"\ud83d"}', r'{"x":1e999,"y":"\ufffd"}', id="a number"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_halves_are_replaced(text: str, replaced: str) -> None:
    assert replace_lone_surrogates(text) == replaced


@pytest.mark.parametrize("text", ["\\", r"\u", r"\ud8", r"\ud83d\ "[:-1], r"\ud83d\u"])
def test_broken_json_stays_broken(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(f'"{replace_lone_surrogates(text)}"')


@given(st.text(st.sampled_from('\ud83d\ude00\\"\nau😀')))
def test_every_text_becomes_what_its_halves_replaced_are(text: str) -> None:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert json.loads(replace_lone_surrogates(json.dumps(text))) == whole
