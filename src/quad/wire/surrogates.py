r"""Half a surrogate pair in JSON: no character, but JavaScript writes it.

A text that was cut inside an emoji arrives as an escape such as `\ud83d` alone. RFC 8259 (section
8.2) leaves open what that means; no decoder takes it. It becomes U+FFFD, and the rest stays as it
was written.
"""

import re

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# From one half pair to the next: other characters, other escapes, whole pairs; then the half, or
# a broken escape, or the end. It matches at every place: each character is looked at once.
_UP_TO_HALF = re.compile(
    rf"((?:[^\\]++|\\[^u]|\\u(?![dD][89a-fA-F])|{_HIGH}{_LOW})*+)"
    rf"(?:({_HIGH}|{_LOW})|(\\(?:u.{{0,4}})?|\Z))",
    re.DOTALL,
)
_REPLACEMENT = r"\ufffd"


def replace_lone_surrogates(json: str) -> str:
    """The JSON with each escape of half a pair replaced by that of U+FFFD."""
    matches = _UP_TO_HALF.finditer(json)
    return "".join([match[1] + (_REPLACEMENT if match[2] else match[3]) for match in matches])
