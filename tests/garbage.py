"""What is freed only when somebody looks for garbage, which Quad does seldom."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_errors_in_garbage() -> Iterator[None]:
    """Fail if the block leaves an error that holds itself: with it all frames that it passed."""
    gc.collect()
    gc.disable()
    try:
        yield
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [repr(each) for each in gc.garbage if isinstance(each, BaseException)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
