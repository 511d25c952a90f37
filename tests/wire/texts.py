"""What a peer may send: anything, and above all what was made to break parsers."""

from hypothesis import strategies as st

# Half a surrogate pair is a character in Python's strings, and none in UTF-8.
LONE = "\ud83d"

_NASTY = (
    "",
    "\0",
    "\ufeff",
    LONE,
    "😀",
    "\x1e",
    "\\",
    '"',
    "[" * 5_000,
    '{"a":' * 5_000,
    "9" * 5_000,
    "-1",
    "1e999",
    "NaN",
    "\\ud83d",
    "_placeholder",
)
# The letters that mean something in one of the three protocols.
_LETTERS = st.text(st.sampled_from('0123456789-:,/?[]{}"\\abu=&\x1e\0 😀' + LONE), max_size=40)

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=80),
    _LETTERS,
    st.lists(st.one_of(st.sampled_from(_NASTY), _LETTERS), max_size=5).map("".join),
)
any_bytes = st.one_of(
    st.binary(max_size=80),
    st.lists(st.sampled_from((0, 1, 2, 3, 4, 9, 10, 0x34, 0xC3, 0xFE, 0xFF)), max_size=30).map(
        bytes
    ),
)
# What can be UTF-8, and so can travel.
clean_text = st.text(max_size=40)
