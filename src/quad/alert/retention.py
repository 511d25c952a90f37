"""What alert forgets when nobody has used it for long; see `quad.retention`."""

from typing import Final

from quad.alert import tables
from quad.retention import Kind

MESSAGES: Final = Kind(
    name="alert messages",
    what="alert messages",
    setting="alert_messages_days",
    count=tables.count_old_messages,
)

KINDS: Final[tuple[Kind, ...]] = (MESSAGES,)
