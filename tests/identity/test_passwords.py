"""Passwords: slow hashes, beside the loop."""

import asyncio

import pytest

from quad.identity.passwords import LIMIT, hash_password, new_password, password_matches


@pytest.fixture(autouse=True)
def _passwords_take_no_time() -> None:
    """They take their time here, as in service."""


async def test_a_password_matches_its_own_hash_only() -> None:
    hashed = await hash_password("sesame")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await password_matches("sesame", hashed)
    assert not await password_matches("Sesame", hashed)
    assert hashed != await hash_password("sesame")


@pytest.mark.parametrize("hashed", ["", "sesame", "$argon2id$", "é"])
async def test_what_is_no_hash_matches_nothing(hashed: str) -> None:
    assert not await password_matches("sesame", hashed)


async def test_half_a_surrogate_pair_is_a_wrong_password() -> None:
    assert not await password_matches("\ud83d", await hash_password("x"))


async def test_a_password_of_any_length_costs_no_time() -> None:
    hashed = await hash_password("x" * (LIMIT + 1))
    assert not await password_matches("x" * (LIMIT + 1), hashed)


def test_made_passwords_do_not_repeat() -> None:
    assert len({new_password() for _ in range(1000)}) == 1000
    assert len(new_password()) * 6 >= 64


async def test_the_loop_goes_on_meanwhile() -> None:
    work = asyncio.ensure_future(hash_password("x"))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 2
