"""One secret, a key for each purpose."""

import pytest

from quad.identity import Keys
from quad.identity.keys import new_secret

SECRET = "s" * 32


def test_a_purpose_has_always_the_same_key_and_no_other_has_it() -> None:
    keys = Keys(SECRET)
    assert keys.key("a") == Keys(SECRET).key("a")
    assert len({keys.key("a"), keys.key("b"), keys.key("ab"), Keys("t" * 32).key("a")}) == 4
    assert all(len(keys.key(purpose)) == 32 for purpose in ("", "a", "a longer purpose"))


def test_keys_of_no_secret_are_different_each_time() -> None:
    assert Keys.random().key("a") != Keys.random().key("a")
    assert len(new_secret()) >= 32


def test_a_short_secret_is_none() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Keys("s" * 31)


def test_nobody_sees_the_secret_in_a_log() -> None:
    assert SECRET not in repr(Keys(SECRET))
