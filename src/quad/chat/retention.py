"""What chat forgets when nobody has used it for long; see `quad.retention`."""

from typing import Final

from quad.retention import Kind

KINDS: Final[tuple[Kind, ...]] = ()
