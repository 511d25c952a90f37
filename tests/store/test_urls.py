import pytest

from quad.store import parse_url, safe_url


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///quad.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////var/lib/quad/quad.db", "sqlite+aiosqlite"),
        ("postgresql://quad@db/quad", "postgresql+asyncpg"),
        ("postgres://quad@db/quad", "postgresql+asyncpg"),
        ("postgresql+psycopg://quad@db/quad", "postgresql+asyncpg"),
        ("mysql://quad@db/quad", "mysql+asyncmy"),
        ("mariadb+asyncmy://quad@db/quad", "mysql+asyncmy"),
    ],
)
def test_an_address_gets_the_driver_of_its_engine(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize(
    "url",
    [
        "",
        "quad.db",
        "postgresql://quad:sesame@db:port/quad",
        "oracle://quad:sesame@db/quad",
        "postgresql://quad:sesame@db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:sesame?mode=memory&uri=true",
    ],
)
def test_another_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_url(url)
    assert "sesame" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("postgresql://quad:sesame@db/quad", "postgresql://quad:***@db/quad"),
        (
            "postgresql://db/quad?user=a&Password=sesame",
            "postgresql://db/quad?Password=%2A%2A%2A&user=a",
        ),
        ("sqlite:///quad.db", "sqlite:///quad.db"),
        ("sesame", "<not a database URL>"),
        ("mysql://quad:sesame@db:port/quad", "<not a database URL>"),
    ],
)
def test_a_safe_address_has_no_secrets(url: str, safe: str) -> None:
    assert safe_url(url) == safe


def test_a_parsed_address_is_made_safe_too() -> None:
    assert safe_url(parse_url("mysql://quad:sesame@db/quad")) == "mysql+asyncmy://quad:***@db/quad"
