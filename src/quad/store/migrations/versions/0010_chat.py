"""The chat's phones as their owners write them, codes, keys of messages, open chats, removals."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0010"
down_revision = "0009"

_NAME_LIMIT = 100


def upgrade() -> None:
    shown_phone = sa.Column("shown_phone", ShortText(64), nullable=False, server_default="")
    op.add_column("chat_users", shown_phone)
    op.execute("UPDATE chat_users SET shown_phone = phone")
    op.add_column("chat_users", sa.Column("code_hash", ShortText(64)))
    op.add_column("chat_users", sa.Column("code_expires_at", sa.BigInteger))
    is_open = sa.Column("is_open", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("chat_chats", is_open)
    op.create_table(
        "chat_keys",
        sa.Column("phone", ShortText(16), nullable=False),
        sa.Column("key_hash", ShortText(64), nullable=False),
        sa.Column("chat", sa.BigInteger, nullable=False),
        sa.Column("message", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("phone", "key_hash", name=op.f("pk_chat_keys")),
        **TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_chat_keys_message"), "chat_keys", ["message"])
    op.create_table(
        "chat_removals",
        sa.Column("phone", ShortText(16), nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("chat", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("name", ShortText(100), nullable=False),
        sa.Column("owner", ShortText(16), nullable=False),
        sa.Column("members", LongText, nullable=False),
        sa.PrimaryKeyConstraint("phone", "id", name=op.f("pk_chat_removals")),
        **TABLE_OPTIONS,
    )
    _compose_names()


def _compose_names() -> None:
    """Bring names into Unicode's composed form (NFC), in which they are compared from now on."""
    connection = op.get_bind()
    users = sa.table("chat_users", sa.column("phone", ShortText(16)), sa.column("name"))
    for phone, name in connection.execute(sa.select(users.c.phone, users.c.name)).all():
        composed = unicodedata.normalize("NFC", name)
        if composed != name:
            connection.execute(sa.update(users).where(users.c.phone == phone).values(name=composed))
    chats = sa.table("chat_chats", sa.column("id", sa.BigInteger), sa.column("name"))
    rows = connection.execute(sa.select(chats.c.id, chats.c.name).order_by(chats.c.id)).all()
    taken = {name for _, name in rows}
    for chat, name in rows:
        composed = unicodedata.normalize("NFC", name)
        if composed != name:
            composed = _free(composed, taken)
            taken.add(composed)
            connection.execute(sa.update(chats).where(chats.c.id == chat).values(name=composed))


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it if another chat has it."""
    free, number = name, 2
    while free in taken:
        ending = f" ({number})"
        free = name[: _NAME_LIMIT - len(ending)] + ending
        number += 1
    return free
