"""The code that a terminal shows, against the one that the browser application draws."""

import json
import subprocess
from pathlib import Path

import pytest

from quad.web.qr import TooLong, in_blocks, qr_code

_UI = Path(__file__).parents[2] / "ui"
_ENCODE = """
import { encode } from "uqr";
const wishes = { ecc: "L", maskPattern: 0, border: 0, boostEcc: false };
const codes = process.argv.slice(1).map((text) => encode(text, wishes).data);
console.log(JSON.stringify(codes));
"""
TEXTS = [
    "a",
    "http://10.0.0.5:8000",
    "https://quad.example.org/campus",
    "ж" * 26,
    "y" * 78,
    "z" * 106,
]


def test_it_is_the_code_that_another_encoder_makes() -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", _ENCODE, *TEXTS],
        cwd=_UI,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [qr_code(text) for text in TEXTS] == json.loads(done.stdout)


def test_what_no_code_holds_is_refused() -> None:
    with pytest.raises(TooLong):
        qr_code("x" * 107)


def test_a_terminal_shows_two_rows_in_one_line_and_a_light_frame() -> None:
    lines = in_blocks([[True, False], [False, True]]).splitlines()
    assert lines == [
        "\x1b[97;40m██████\x1b[0m",
        "\x1b[97;40m██▄▀██\x1b[0m",
        "\x1b[97;40m██████\x1b[0m",
    ]
