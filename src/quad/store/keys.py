"""Secret keys that a system makes once and keeps, so that what they sign outlives restarts."""

from sqlalchemy import Select

from .batch import Change
from .errors import Conflict
from .store import Store


async def kept_key(store: Store, find: Select[str], add: Change) -> str:
    """The key that `find` selects; if there is none yet, the one that `add` puts there.

    Raises StoreError.
    """
    key = await _read(store, find)
    if key is None:
        try:
            await store.write(add)
        except Conflict:
            pass  # another node was faster
        key = await _read(store, find)
    assert key is not None
    return key


async def _read(store: Store, find: Select[str]) -> str | None:
    rows = await store.read(find)
    return rows[0][0] if rows else None
