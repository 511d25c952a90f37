"""One rule for names: what can be shown is taken, what only pretends is trimmed or refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.names import BadName, clean_name, is_clean

SHOWN = [
    "Anna",
    "Иван Петрович",
    "J. O'Neill-Smith (2)",
    "José",
    "李小龍",
    "می\u200cخواهم",
    "नमस्\u200dते",
    "श्\u200cय",
    "👩\u200d🎓 Ana",
    "👨\u200d👩\u200d👧 family",
    "👩🏽\u200d🎓",
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3",
    "☺\ufe0f",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "🇵🇹",
    "عبد الله",
    "؀١٢",
    "Ünï ß",
    "!?",
]

TRIMMED = {
    "blanks at the ends": ("  Anna \u00a0", "Anna"),
    "zero width space inside": ("An\u200bna", "Anna"),
    "zero width space at the end": ("Anna\u200b", "Anna"),
    "soft hyphen": ("An\u00adna", "Anna"),
    "word joiner": ("Anna\u2060", "Anna"),
    "byte order mark": ("\ufeffAnna", "Anna"),
    "joiner between Latin letters": ("An\u200dna", "Anna"),
    "non-joiner between Latin letters": ("An\u200cna", "Anna"),
    "joiner at the end of an emoji": ("👩\u200d", "👩"),
    "two joiners": ("👩\u200d\u200d🎓", "👩🎓"),
    "sign for a picture on a letter": ("Anna\ufe0f", "Anna"),
    "sign for a picture on what is one already": ("😀\ufe0f", "😀"),
    "sign for a picture on a number": ("1\ufe0f", "1"),
    "tags on a letter": ("Anna\U000e0067\U000e0062", "Anna"),
    "unfinished tags": ("🏴\U000e0067\U000e0062\U000e0073", "🏴"),
    "Hangul filler": ("Anna\u3164", "Anna"),
    "left-to-right mark": ("\u200eAnna\u200f", "Anna"),
    "Arabic letter mark": ("\u061cعلي", "علي"),
    "annotation": ("An\ufff9na", "Anna"),
    "blank behind something hidden": ("Anna \u200b", "Anna"),
    "composed": ("Jose\u0301", "José"),
    "composed once nothing stands between": ("Jose\u034f\u0301", "José"),
    "Kelvin": ("\u212a", "K"),
}

REFUSED = {
    "empty": "",
    "blanks": " \u00a0\u3000",
    "zero width space alone": "\u200b",
    "word joiner alone": "\u2060",
    "Hangul filler alone": "\u3164",
    "Braille blank alone": "\u2800",
    "an accent alone": "\u0301",
    "line end inside": "An\nna",
    "line end at the end": "Anna\n",
    "line separator": "An\u2028na",
    "paragraph separator": "An\u2029na",
    "next line": "An\u0085na",
    "tab": "An\tna",
    "NUL": "An\x00na",
    "escape": "\x1b[31mAnna",
    "right-to-left override": "\u202eannA",
    "embedding": "\u202aAnna\u202c",
    "isolate": "\u2066Anna\u2069",
    "half of a pair": "Anna\ud800",
    "noncharacter": "Anna\uffff",
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_name_that_can_be_shown_is_kept_as_it_is(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(("given_name", "kept"), TRIMMED.values(), ids=TRIMMED)
def test_what_cannot_be_seen_is_taken_out(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept
    assert not is_clean(given_name)
    assert is_clean(kept)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_only_pretends_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_name(text)
    assert not is_clean(text)


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\u200d\u200c\ufe0f👩🎓 "))
)
def test_cleaning_a_clean_name_changes_nothing(text: str) -> None:
    try:
        name = clean_name(text)
    except BadName:
        return
    assert clean_name(name) == name
    assert is_clean(name)


@pytest.mark.parametrize("unit", ["👩\u200d", "\u200b", "ب\u0301\u200c", "क्\u200d"])
def test_a_text_of_any_length_is_answered_without_work(unit: str) -> None:
    with pytest.raises(BadName, match="long"):
        clean_name(unit * 200_000)
