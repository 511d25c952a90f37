import hashlib
import string

from hypothesis import given
from hypothesis import strategies as st

from quad.identity import hash_token, new_token, token_matches


def test_a_token_has_at_least_128_bits_and_is_safe_in_urls() -> None:
    token = new_token()
    assert len(token) * 6 >= 128
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_tokens_do_not_repeat() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


def test_a_token_is_stored_as_its_sha256() -> None:
    assert hash_token("secret") == hashlib.sha256(b"secret").hexdigest()


def test_a_token_matches_its_own_hash_only() -> None:
    token = new_token()
    assert token_matches(token, hash_token(token))
    assert not token_matches(new_token(), hash_token(token))


@given(st.text(st.characters()), st.text(st.characters()))
def test_whatever_a_client_sends_is_compared_and_never_an_error(token: str, other: str) -> None:
    assert token_matches(token, hash_token(other)) is (token == other)


def test_half_a_surrogate_pair_is_a_wrong_token() -> None:
    assert not token_matches("\ud83d", hash_token(new_token()))


def test_a_stored_value_that_is_no_hash_matches_nothing() -> None:
    assert not token_matches("", "")
    assert not token_matches("é", "é")
