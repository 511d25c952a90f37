"""One rule for the names of people, rooms, chats and places, in all four systems.

A name may be anything that can be shown. What only pretends to be another name may not: it is
trimmed to its visible form where that is harmless, and refused where somebody means it. What is
kept and compared is the form that `clean_name` returns.

The classes of characters are Unicode's own properties, as the package `regex` knows them.
"""

import unicodedata
from typing import Final

import regex


class BadName(ValueError):
    """Nobody can be called that; the text of the error is the reason, a part of a sentence."""


# More than any system allows: the rule looks behind and ahead, and long texts would cost it time
# (1,000 characters: 7 ms at worst).
_LONGEST: Final = 1_000
# Controls and line ends (Cc, Zl, Zp), halves of pairs (Cs), and what Unicode keeps out of
# interchange (section 23.7).
_NOT_TEXT: Final = regex.compile(r"[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}]")
# Embeddings, overrides and isolates (UAX #9, section 2): they turn the text around them.
_TURNS: Final = regex.compile(
    r"[\p{bc=LRE}\p{bc=RLE}\p{bc=LRO}\p{bc=RLO}\p{bc=PDF}\p{bc=LRI}\p{bc=RLI}\p{bc=FSI}\p{bc=PDI}]"
)
# Format characters that are not shown. The signs of Arabic and Kaithi numbers are (section 9.2).
_INVISIBLE: Final = r"[\p{Default_Ignorable_Code_Point}\p{Cf}--\p{Prepended_Concatenation_Mark}]"
# Where an invisible character changes what is seen, and so belongs to the name:
_NEEDED: Final = "|".join(
    (
        # the joiners behind a virama (RFC 5892, A.1 and A.2),
        r"(?<=\p{ccc=Virama})[\u200c\u200d]",
        # the non-joiner between letters that would join (RFC 5892, A.1),
        r"(?<=[\p{jt=L}\p{jt=D}]\p{jt=T}*)\u200c(?=\p{jt=T}*[\p{jt=R}\p{jt=D}])",
        # the joiner inside an emoji, and the sign that asks for a picture where text is the rule
        # (UTS #51, ED-16 and ED-13),
        r"(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d"
        r"(?=\p{Extended_Pictographic})",
        r"(?<=[\p{Extended_Pictographic}--\p{Emoji_Presentation}])\ufe0f",
        r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
        # a flag's region in tags (ED-14),
        r"(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f",
        # and the shapes of Mongolian letters (section 13.5).
        r"(?<=\p{Script=Mongolian})[\u180b-\u180d\u180f]",
    )
)
_HIDDEN: Final = regex.compile(f"(?:{_NEEDED})(*SKIP)(*FAIL)|{_INVISIBLE}", regex.VERSION1)
# A letter, number, sign or symbol; accents and blanks alone show nothing. The blank of Braille
# counts as a symbol and is empty all the same.
_VISIBLE: Final = regex.compile(r"[\p{L}\p{N}\p{P}\p{S}\p{Co}\p{Cn}--\u2800]", regex.VERSION1)


def clean_name(text: str) -> str:
    """Return the form of a name that is kept, shown and compared.

    That is Unicode's composed form (NFC) without blanks around it and without characters that
    cannot be seen; joiners stay inside emoji and in the scripts that need them. Cleaning a clean
    name changes nothing.

    Raises:
        BadName: it holds controls, line ends or changes of direction, nothing can be seen, or it is
            longer than 1,000 characters (each system has a lower limit of its own).
    """
    if len(text) > _LONGEST:
        raise BadName("is too long")
    if text.isascii() and text.isprintable() and not text.isspace() and text:
        return text.strip(" ")  # most names; 0.1 µs instead of 3
    if _NOT_TEXT.search(text):
        raise BadName("holds a character that cannot be shown")
    if _TURNS.search(text):
        raise BadName("changes the direction of the text around it")
    name = _without_hidden(unicodedata.normalize("NFC", text))
    if not _VISIBLE.search(name):
        raise BadName("shows nothing")
    return name


def is_clean(text: str) -> bool:
    """Whether a text is a name in the form that `clean_name` returns."""
    try:
        return clean_name(text) == text
    except BadName:
        return False


def _without_hidden(text: str) -> str:
    # What was kept apart may compose once nothing stands between, and an end that was behind
    # something hidden may be a blank.
    while True:
        shorter = unicodedata.normalize("NFC", _HIDDEN.sub("", text).strip())
        if shorter == text:
            return text
        text = shorter
