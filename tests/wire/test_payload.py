"""Long-polling bodies: the three framings and the forms of scripts."""

import contextlib
import json
import urllib.parse
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.wire.engineio import (
    AnyPacket,
    Binary,
    Close,
    Noop,
    Open,
    Ping,
    Pong,
    Text,
    Upgrade,
)
from quad.wire.errors import PacketError, PayloadError, WireError
from quad.wire.payload import (
    decode_jsonp,
    decode_v3_binary,
    decode_v3_text,
    decode_v4,
    encode_jsonp,
    encode_v3_binary,
    encode_v3_text,
    encode_v4,
    utf16_length,
)
from tests.wire.texts import any_bytes, any_text, clean_text

# A separator inside of a packet cannot be told from one between two.
_unseparated = st.text(st.characters(codec="utf-8", exclude_characters="\x1e"), max_size=40)


def packets(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[AnyPacket]]:
    some: st.SearchStrategy[AnyPacket] = st.one_of(
        st.builds(Text, texts),
        st.builds(Binary, st.binary(max_size=40)),
        st.builds(Ping, texts),
        st.builds(Pong, texts),
        st.builds(Open, texts.filter(bool)),
        st.sampled_from([Close(), Upgrade(), Noop()]),
    )
    return st.lists(some, min_size=1, max_size=6)


# --- version 4 ------------------------------------------------------------------------------------


def test_version_4_puts_a_separator_between_packets_and_base64_for_bytes() -> None:
    body = "4hi\x1ebAQID\x1e2"
    assert encode_v4([Text("hi"), Binary(b"\1\2\3"), Ping()]) == body
    assert list(decode_v4(body)) == [Text("hi"), Binary(b"\1\2\3"), Ping()]


@pytest.mark.parametrize("body", ["", "\x1e", "4a\x1e", "\x1e4a", "4a\x1e\x1e4b"], ids=repr)
def test_an_empty_packet_in_version_4_is_refused(body: str) -> None:
    with pytest.raises(PacketError):
        list(decode_v4(body))


@given(packets(_unseparated))
def test_version_4_gives_back_what_was_put_in(content: list[AnyPacket]) -> None:
    assert list(decode_v4(encode_v4(content))) == content


# --- version 3, text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "body"),
    [
        pytest.param([Text("hello")], "6:4hello", id="one"),
        pytest.param([Text("a"), Ping(), Noop()], "2:4a1:21:6", id="three"),
        pytest.param([Text("€")], "2:4€", id="a wide character is one unit"),
        pytest.param([Text("😀"), Text("b")], "3:4😀2:4b", id="an emoji is two units"),
        pytest.param([Binary(b"\1\2\3")], "6:b4AQID", id="bytes"),
        pytest.param([Text("\ufeff\0")], "3:4\ufeff\0", id="a byte order mark and a zero"),
    ],
)
def test_version_3_text_counts_code_units(content: list[AnyPacket], body: str) -> None:
    assert encode_v3_text(content) == body
    assert list(decode_v3_text(body)) == content


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("4hello", id="no length"),
        pytest.param(":4a", id="an empty length"),
        pytest.param("-2:4a", id="a negative length"),
        pytest.param("٢:4a", id="digits of another script"),
        pytest.param("99999999999:4a", id="more digits than any limit"),
        pytest.param("3:4a", id="too short"),
        pytest.param("3:4a😀", id="ends inside a character"),
        pytest.param("9:4a😀", id="too short after wide characters"),
        pytest.param("3:4😀x:4b", id="no length after wide characters"),
        pytest.param("2:4a3", id="a rest"),
        pytest.param("3:4\ud83d😀", id="half a character"),
    ],
)
def test_a_broken_version_3_text_is_refused(body: str) -> None:
    with pytest.raises(PayloadError):
        list(decode_v3_text(body))


@given(packets(clean_text))
def test_version_3_text_gives_back_what_was_put_in(content: list[AnyPacket]) -> None:
    assert list(decode_v3_text(encode_v3_text(content))) == content


@given(clean_text)
def test_the_length_is_that_of_utf_16(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


# --- version 3, binary ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "body"),
    [
        pytest.param([Text("hello")], b"\0\6\xff4hello", id="text"),
        pytest.param([Text("€")], b"\0\4\xff4\xe2\x82\xac", id="lengths in bytes"),
        pytest.param([Binary(b"\xff" * 9)], b"\1\1\0\xff\4" + b"\xff" * 9, id="a byte per digit"),
        pytest.param([Ping(), Binary(b"")], b"\0\1\xff2\1\1\xff\4", id="both"),
    ],
)
def test_version_3_binary_says_kind_and_length(content: list[AnyPacket], body: bytes) -> None:
    assert encode_v3_binary(content) == body
    assert list(decode_v3_binary(body)) == content


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0", id="only a kind"),
        pytest.param(b"\0\xff4", id="no digits"),
        pytest.param(b"\0\x0a\xff4", id="a digit of ten"),
        pytest.param(b"\x001\xff4", id="a digit as text"),
        pytest.param(b"\0" + b"\1" * 12 + b"\xff4", id="more digits than any limit"),
        pytest.param(b"\0\2\xff4", id="too short"),
        pytest.param(b"\2\1\xff4", id="an unknown kind"),
        pytest.param(b"\0\2\xff4\xff", id="text that is not UTF-8"),
        pytest.param(b"\0\4\xff4\xed\xa0\xbd", id="half a character"),
    ],
)
def test_a_broken_version_3_binary_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        list(decode_v3_binary(body))


def test_a_packet_of_the_wrong_type_inside_of_binary_framing_is_refused() -> None:
    with pytest.raises(PacketError):
        list(decode_v3_binary(b"\1\2\xff\2\0"))


@given(packets(clean_text))
def test_version_3_binary_gives_back_what_was_put_in(content: list[AnyPacket]) -> None:
    assert list(decode_v3_binary(encode_v3_binary(content))) == content


# --- scripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "body", "script"),
    [
        pytest.param("0", "1:6", '___eio[0]("1:6");', id="a call"),
        pytest.param("17", '4"a"\n', '___eio[17]("4\\"a\\"\\n");', id="quotes and line ends"),
        pytest.param("1", "\u2028\u2029", '___eio[1]("\\u2028\\u2029");', id="separators"),
        pytest.param("1", "</script>", '___eio[1]("\\u003c/script>");', id="the end of a script"),
        pytest.param("0];alert(1);//", "a", '___eio[01]("a");', id="an index is digits alone"),
    ],
)
def test_an_answer_to_a_script_is_a_call_of_its_function(
    index: str, body: str, script: str
) -> None:
    assert encode_jsonp(index, body) == script


@given(clean_text)
def test_the_argument_of_the_call_is_the_body(body: str) -> None:
    script = encode_jsonp("3", body)
    assert json.loads(script.removeprefix("___eio[3](").removesuffix(");")) == body


@pytest.mark.parametrize(
    ("form", "text"),
    [
        pytest.param("d=2%3A4a", "2:4a", id="percent"),
        pytest.param("d=a+b", "a b", id="a plus is a space"),
        pytest.param("d=", "", id="empty"),
        pytest.param("d", "", id="only its name"),
        pytest.param("x=1&d=a&d=b", "a", id="the first of several"),
        pytest.param("d=a%5Cnb", "a\nb", id="an escaped line end"),
        pytest.param("d=a%5C%5Cnb", "a\\nb", id="a backslash and an n"),
        pytest.param("d=%F0%9F%98%80", "😀", id="an emoji"),
    ],
)
def test_a_form_holds_the_payload(form: str, text: str) -> None:
    assert decode_jsonp(form) == text


@pytest.mark.parametrize("form", ["", "x=1", "d=%FF", "d=%ED%A0%BD"], ids=repr)
def test_a_form_that_holds_none_is_refused(form: str) -> None:
    with pytest.raises(PayloadError):
        decode_jsonp(form)


@given(clean_text.filter(lambda text: "\0" not in text and "\\" not in text))
def test_a_browsers_form_gives_back_what_was_put_in(text: str) -> None:
    # What the client's script does before the browser makes a form of it.
    escaped = text.replace("\n", "\\n")
    assert decode_jsonp(urllib.parse.urlencode({"d": escaped})) == text


# --- anything -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "decode", [decode_v4, decode_v3_text, decode_jsonp], ids=lambda decode: decode.__name__
)
@given(body=any_text)
def test_any_text_is_a_payload_or_refused(
    decode: Callable[[str], Iterable[object]], body: str
) -> None:
    with contextlib.suppress(WireError):
        list(decode(body))


@given(any_bytes)
def test_any_bytes_are_a_payload_or_refused(body: bytes) -> None:
    with contextlib.suppress(WireError):
        assert list(decode_v3_binary(body))
