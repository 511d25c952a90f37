"""How many examples properties are held against: few in the gate, many on demand."""

import os

IS_THOROUGH = os.environ.get("QUAD_TEST_THOROUGH") == "1"


def examples(quickly: int, thoroughly: int) -> int:
    """A number of examples; QUAD_TEST_THOROUGH=1 asks for the larger one."""
    return thoroughly if IS_THOROUGH else quickly
