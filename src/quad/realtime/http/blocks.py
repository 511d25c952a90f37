"""Large blocks of memory go back to the system as soon as they are free."""

import ctypes
from typing import Final

# Of <malloc.h>. The GNU allocator begins with these figures; but with each large block that is
# freed it raises them, up to 32 MB, and from then on keeps what a few long messages once needed.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_BYTES: Final = 131_072


def return_large_blocks() -> bool:
    """Have the allocator keep none that is free; False: it is one without such a choice."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no CDLL(None)
        return False
    return all([set_option(_M_MMAP_THRESHOLD, _BYTES), set_option(_M_TRIM_THRESHOLD, _BYTES)])
