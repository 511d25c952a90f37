"""Durable state: a small port over SQLite, PostgreSQL and MySQL/MariaDB.

await migrate(url)
store = await Store.open(url)
await store.write(Change(INSERT, {"id": 1, "text": "hi"}))   # returns after the commit
rows = await store.read(select(messages).where(messages.c.id == 1))
await store.aclose()
"""

from .batch import Change, Outcome
from .errors import (
    DOUBT,
    Conflict,
    DatabaseInUse,
    NewerSchema,
    OutcomeUnknown,
    SessionLost,
    StatementRejected,
    StoreClosed,
    StoreError,
    StoreUnavailable,
    UnfitSchema,
    sentence_for_clients,
)
from .mailbox import Entry, Mailbox
from .migrate import current_revision, head_revision, is_current, migrate
from .procedure import Procedure
from .reader import Device, Gap, Reader, SavedDevice, SavedReader
from .schema import TABLE_OPTIONS, LongBinary, LongText, ShortText, Timestamp, metadata
from .session import NodeSession
from .store import Observer, Store
from .upsert import Upsert, upsert
from .urls import parse_url, place_of, safe_url

__all__ = [
    "DOUBT",
    "TABLE_OPTIONS",
    "Change",
    "Conflict",
    "DatabaseInUse",
    "Device",
    "Entry",
    "Gap",
    "LongBinary",
    "LongText",
    "Mailbox",
    "NewerSchema",
    "NodeSession",
    "Observer",
    "Outcome",
    "OutcomeUnknown",
    "Procedure",
    "Reader",
    "SavedDevice",
    "SavedReader",
    "SessionLost",
    "ShortText",
    "StatementRejected",
    "Store",
    "StoreClosed",
    "StoreError",
    "StoreUnavailable",
    "Timestamp",
    "UnfitSchema",
    "Upsert",
    "current_revision",
    "head_revision",
    "is_current",
    "metadata",
    "migrate",
    "parse_url",
    "place_of",
    "safe_url",
    "sentence_for_clients",
    "upsert",
]
