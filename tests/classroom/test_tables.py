"""What the tables do to values."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from quad.classroom.columns import AnyText

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@given(st.text() | st.text(alphabet="\x00\uffff01"))
def test_any_text_is_kept_where_none_may_hold_a_nul(text: str) -> None:
    kept = AnyText().process_bind_param(text, DIALECT)
    assert kept is not None
    assert "\x00" not in kept
    assert AnyText().process_result_value(kept, DIALECT) == text


def test_no_text_stays_none() -> None:
    assert AnyText().process_bind_param(None, DIALECT) is None
    assert AnyText().process_result_value(None, DIALECT) is None
