"""How the classroom's tables keep text and the keys of clients."""

from sqlalchemy import Dialect, TypeDecorator

from quad.store.schema import LongText


class AnyText(TypeDecorator[str]):
    """Text with any character; PostgreSQL's own would refuse U+0000, which a file may hold."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Write U+0000 as two characters, and the first of these as two others."""
        if value is None or ("\x00" not in value and "\uffff" not in value):
            return value
        return value.replace("\uffff", "\uffff1").replace("\x00", "\uffff0")

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """Undo it."""
        if value is None or "\uffff" not in value:
            return value
        return value.replace("\uffff0", "\x00").replace("\uffff1", "\uffff")


def kept_key(key: str) -> str:
    """A client's key in hexadecimal: compared byte by byte on every engine."""
    return key.encode().hex()


def decoded_key(kept: str | None) -> str | None:
    """A client's key, if there is one, from what was kept."""
    return None if kept is None else bytes.fromhex(kept).decode()
