import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from quad.settings import (
    ALIASES,
    FLAGS,
    MOVED,
    PREFIX,
    BadSettings,
    Settings,
    conflicts,
    fields,
    load,
    redacted,
)


def toml(directory: Path, text: str) -> Path:
    file = directory / "quad.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as caught:
        load(config, environment or {}, flags)
    return caught.value.problems


# --- where a value comes from ---------------------------------------------------------------------


def test_without_any_source_the_defaults_hold() -> None:
    settings = load(environment={})
    assert settings == Settings()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)


def test_each_source_wins_over_the_one_before(tmp_path: Path) -> None:
    file = toml(tmp_path, "[server]\nport = 1\nhost = 'file'\ndrain_s = 1")
    environment = {"QUAD_PORT": "2", "QUAD_HOST": "environment"}
    settings = load(file, environment, {"--port": 3, "--host": None})
    assert settings.server.port == 3
    assert settings.server.host == "environment"
    assert settings.server.drain_s == 1.0
    assert settings.server.data == Path("quad-data")


def test_a_variable_names_the_file_and_a_flag_names_another(tmp_path: Path) -> None:
    named = toml(tmp_path, "[server]\nport = 1")
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 2")
    assert load(environment={"QUAD_CONFIG": str(named)}).server.port == 1
    assert load(other, {"QUAD_CONFIG": str(named)}).server.port == 2


def test_the_real_environment_is_read_unless_another_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QUAD_PORT", "9")
    assert os.environ["QUAD_PORT"] == "9"
    assert load().server.port == 9


@pytest.mark.parametrize("path", list(fields()))
def test_every_setting_has_a_variable_of_its_own(path: str) -> None:
    field = fields()[path]
    if field.default is None:
        text = "sqlite:///x"
    elif isinstance(field.default, tuple):
        text = ",".join(field.default)
    else:
        text = str(field.default)
    settings = load(environment={field.environment: text})
    section, _, key = path.partition(".")
    value = getattr(getattr(settings, section), key)
    assert value == (type(value)(text) if field.default is None else field.default)


@pytest.mark.parametrize("name", list(ALIASES))
def test_the_full_name_wins_over_its_alias(name: str) -> None:
    full = fields()[ALIASES[name]].environment
    values = {"QUAD_PORT": ("1", "2"), "QUAD_LIMITS": ("on", "off"), "QUAD_WORKERS": ("1", "2")}
    values["QUAD_BUS"] = ("nats://one", "nats://two")
    either = ("sqlite:///" + "a" * 32, "sqlite:///" + "b" * 32)
    short_value, full_value = values.get(name, either)
    environment = {name: short_value, full: full_value}
    assert load(environment=environment) == load(environment={full: full_value})


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("on", True), ("YES", True), ("1", True), ("Off", False)]
)
def test_a_switch_may_be_written_in_several_ways(text: str, value: bool) -> None:
    assert load(environment={"QUAD_ENGINE_COMPRESSION": text}).engine.compression is value


@pytest.mark.parametrize(("old", "new"), list(MOVED.items()))
def test_a_setting_that_moved_keeps_its_old_name_and_the_log_names_the_new_one(
    old: str, new: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    field = fields()[new]
    of_words = {"identity.login": "guest"}
    text = of_words.get(new, "https://old.example" if isinstance(field.default, str) else "7")
    expected = load(environment={field.environment: text})
    assert not caplog.records
    variable = PREFIX + old.upper().replace(".", "_")
    assert load(environment={variable: text}) == expected
    section, _, name = old.partition(".")
    value = text if text == "7" else f'"{text}"'
    file = tmp_path / "quad.toml"
    file.write_text(f"[{section}]\n{name} = {value}\n")
    assert load(file, {}) == expected
    assert caplog.messages == [
        f"{variable} is called {new} now; set that",
        f"{file}: {old} is called {new} now; set that",
    ]


def test_the_new_name_of_a_setting_wins_over_the_old_one_wherever_it_stands(
    tmp_path: Path,
) -> None:
    file = tmp_path / "quad.toml"
    new, old = '[server]\npublic_url = "https://new"\n', '[nearby]\npublic_url = "https://old"\n'
    for text in (new + old, old + new):
        file.write_text(text)
        assert load(file, {}).server.public_url == "https://new"
    environment = {"QUAD_SERVER_PUBLIC_URL": "https://new", "QUAD_NEARBY_PUBLIC_URL": "https://old"}
    assert load(environment=environment).server.public_url == "https://new"


def test_the_old_name_in_a_later_source_wins_over_the_new_one_in_an_earlier(tmp_path: Path) -> None:
    file = tmp_path / "quad.toml"
    file.write_text('[server]\npublic_url = "https://file"\n')
    environment = {"QUAD_NEARBY_PUBLIC_URL": "https://environment"}
    assert load(file, environment).server.public_url == "https://environment"


def test_what_is_wrong_with_an_old_name_is_said_of_the_old_name() -> None:
    with pytest.raises(BadSettings, match="QUAD_NEARBY_PUBLIC_URL must be"):
        load(environment={"QUAD_NEARBY_PUBLIC_URL": "nowhere"})


def test_a_list_in_a_variable_is_separated_by_commas() -> None:
    settings = load(environment={"QUAD_SERVER_TRUSTED_PROXIES": "10.0.0.0/8, ::1,"})
    assert settings.server.trusted_proxies == ("10.0.0.0/8", "::1")
    assert load(environment={"QUAD_CLASSROOM_IMPORT_HOSTS": ""}).classroom.import_hosts == ()


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "file://", "capacitor://localhost", "ionic://localhost", "https://localhost"],
)
def test_origins_of_apps_can_be_named(origin: str) -> None:
    assert load(environment={"QUAD_ENGINE_ORIGINS": origin}).engine.origins == (origin,)


@pytest.mark.parametrize("name", ["https://quad.school", "quad.school:8000", "*", "a b", ".x"])
def test_a_host_is_a_name_and_nothing_else(name: str) -> None:
    (problem,) = problems(environment={"QUAD_SERVER_HOSTS": name})
    assert "QUAD_SERVER_HOSTS must be a list of texts such as `class.example.org`" in problem


def test_an_empty_variable_unsets_what_may_be_unset() -> None:
    assert load(environment={"QUAD_DATABASE": ""}).server.database is None
    assert load(environment={"QUAD_CLASSROOM_PLUGIN_VERSION": ""}).classroom.plugin_version == ""


def test_a_home_directory_is_found() -> None:
    assert load(environment={"QUAD_DATA": "~/quad"}).server.data == Path.home() / "quad"


def test_variables_of_the_tests_and_of_others_are_left_alone() -> None:
    assert load(environment={"QUAD_TEST_URL": "x", "PORT": "x", "QUADRANT": "x"}) == Settings()


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\nprot = 1", "server.prot is no setting; did you mean server.port?"),
        ("[engin]\n", "engin is no setting; did you mean engine?"),
        ("[zzz]\n", "zzz is no setting"),
        ("server = 1", "server must be a table, [server]"),
        (
            "[server]\nport = '1'",
            "server.port must be a whole number at least 0 and at most 65535, not '1'",
        ),
        (
            "[server]\nport = true",
            "server.port must be a whole number at least 0 and at most 65535, not True",
        ),
        (
            "[server]\ndrain_s = nan",
            "server.drain_s must be a number above 0 and at most 60, not nan",
        ),
        ("[server]\nhost = 1", "server.host must be text, not 1"),
        ("[server]\ndata = 1", "server.data must be a path, not 1"),
        ("[server]\ndata = ''", "server.data must be a path, not ''"),
        ("[limits]\nmode = 'x'", "limits.mode must be `off` or `on`, not 'x'"),
        ("[engine]\ncompression = 1", "engine.compression must be `true` or `false`, not 1"),
        (
            "[engine]\npath = 'socket.io'",
            "engine.path must be text such as `/socket.io/`, not 'socket.io'",
        ),
        (
            "[engine]\norigins = ['https://a/']",
            "engine.origins must be a list of texts such as `https://class.example.org`, "
            "not ['https://a/']",
        ),
    ],
)
def test_a_wrong_file_is_told_what_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    file = toml(tmp_path, text)
    assert problems(file) == (f"{file}: {expected}",)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("QUAD_PROT", "1", "QUAD_PROT is no setting; did you mean QUAD_PORT?"),
        (
            "QUAD_PORT",
            "x",
            "QUAD_PORT must be a whole number at least 0 and at most 65535, not 'x'",
        ),
        ("QUAD_PORT", "", "QUAD_PORT must be a whole number at least 0 and at most 65535, not ''"),
        (
            "QUAD_PORT",
            "70000",
            "QUAD_PORT must be a whole number at least 0 and at most 65535, not '70000'",
        ),
        ("QUAD_ENGINE_COMPRESSION", "maybe", "QUAD_ENGINE_COMPRESSION must be `true` or `false`"),
        (
            "QUAD_STORE_BATCH_LIMIT",
            "0",
            "QUAD_STORE_BATCH_LIMIT must be a whole number at least 1",
        ),
        (
            "QUAD_STORE_BUSY_TIMEOUT_MS",
            "9" * 400,
            "QUAD_STORE_BUSY_TIMEOUT_MS must be a whole number at least 1 and at most 86400000",
        ),
        ("QUAD_LIMITS_EVENTS_PER_S", "inf", "QUAD_LIMITS_EVENTS_PER_S must be a number above 0"),
        (
            "QUAD_SERVER_TRUSTED_PROXIES",
            "proxy",
            "QUAD_SERVER_TRUSTED_PROXIES must be a list of texts such as `10.0.0.0/8`",
        ),
    ],
)
def test_a_wrong_variable_is_told_what_is_wrong(name: str, text: str, expected: str) -> None:
    (problem,) = problems(environment={name: text})
    assert problem.startswith(expected)


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    file = toml(tmp_path, "[server]\nprot = 1\nport = 'x'\n[log]\nlevel = 'loud'")
    found = problems(file, {"QUAD_LIMIT": "on", "QUAD_PORT": "y"}, {"--port": 70_000})
    assert len(found) == 6
    for name in ("server.prot", "server.port", "log.level", "QUAD_LIMIT ", "QUAD_PORT", "--port"):
        assert any(name in problem for problem in found)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert problems(missing) == (f"{missing} cannot be read: No such file or directory",)


@pytest.mark.parametrize("content", [b"[server", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "quad.toml"
    file.write_bytes(content)
    (problem,) = problems(file)
    assert problem.startswith(f"{file} is not TOML: ")


# --- secrets --------------------------------------------------------------------------------------

SECRET = "pass:w@rd"
ADDRESS = f"postgresql://quad:{SECRET}@db/quad?password=s3cret&x=1"


def test_a_password_is_never_shown() -> None:
    settings = load(environment={"QUAD_DATABASE": ADDRESS})
    console = Console(width=1000)
    with console.capture() as printed:
        console.print(settings)
    for shown in (repr(settings), str(settings), printed.get(), redacted(ADDRESS)):
        assert "w@rd" not in shown
        assert "s3cret" not in shown
        assert "postgresql://quad:***@db/quad?password=***&x=1" in shown


def test_a_refused_database_is_not_repeated() -> None:
    (problem,) = problems(environment={"QUAD_DATABASE": f"mongo://quad:{SECRET}@db"})
    assert "w@rd" not in problem
    assert problem.startswith("QUAD_DATABASE must be text such as `postgresql://")


def test_an_address_without_a_password_is_shown_as_it_is() -> None:
    assert redacted("postgresql://db:5432/quad") == "postgresql://db:5432/quad"
    assert (
        redacted("sqlite:////var/lib/quad/quad.sqlite3") == "sqlite:////var/lib/quad/quad.sqlite3"
    )


@pytest.mark.parametrize(
    "bus",
    [
        "nats://quad:s3cret@broker:4222",
        "nats://quad:p@s3cret@broker",
        "nats://s3cret@broker",
        "tls://s3cret@one,two",
        "amqps://quad:s3cret@broker/quad",
    ],
)
def test_a_password_or_token_of_the_broker_is_never_shown(bus: str) -> None:
    settings = load(flags={"--bus": bus}, environment={})
    assert settings.cluster.bus == bus
    assert "s3cret" not in repr(settings)
    assert "***@" in repr(settings)


@pytest.mark.parametrize("bus", ["http://quad:s3cret@broker", "nats", "nats://a b"])
def test_a_refused_broker_is_not_repeated(bus: str) -> None:
    (problem,) = problems(flags={"--bus": bus})
    assert problem == "--bus must be text such as `nats://user:password@host:4222`"


# --- what a server cannot do together -------------------------------------------------------------

SERVER = "postgresql://db/quad"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"QUAD_BUS": "nats://x"}, ["cluster.bus joins nodes that share a database"]),
        (
            {"QUAD_WORKERS": "2"},
            ["server.workers must be 1 on SQLite", "server.workers above 1 need a broker"],
        ),
        (
            {"QUAD_WORKERS": "2", "QUAD_BUS": "nats://x", "QUAD_DATABASE": "sqlite:///file"},
            ["cluster.bus joins nodes", "server.workers must be 1 on SQLite"],
        ),
        (
            {"QUAD_WORKERS": "2", "QUAD_DATABASE": SERVER},
            ["server.workers above 1 need a broker"],
        ),
        ({"QUAD_WORKERS": "2", "QUAD_BUS": "nats://x", "QUAD_DATABASE": SERVER}, []),
        ({"QUAD_BUS": "amqp://x", "QUAD_DATABASE": "mysql://db/quad"}, []),
        ({}, []),
    ],
)
def test_settings_that_exclude_each_other_are_a_sentence_each(
    environment: Mapping[str, str], expected: list[str]
) -> None:
    found = list(conflicts(load(environment=environment)))
    assert len(found) == len(expected)
    for sentence, beginning in zip(found, expected, strict=True):
        assert sentence.startswith(beginning)


@pytest.mark.parametrize("workers", ["0", "-1", "two"])
def test_there_is_at_least_one_worker(workers: str) -> None:
    (problem,) = problems(environment={"QUAD_WORKERS": workers})
    assert problem == f"QUAD_WORKERS must be a whole number at least 1, not '{workers}'"


@pytest.mark.parametrize("name", ["", "my cluster", "a.b", "a>", "x" * 41])
def test_the_name_of_a_cluster_fits_into_subjects_of_every_broker(name: str) -> None:
    (problem,) = problems(environment={"QUAD_CLUSTER_NAME": name})
    assert problem.startswith("QUAD_CLUSTER_NAME must be text such as `quad`")


# --- the tree -------------------------------------------------------------------------------------


def test_the_tree_is_frozen() -> None:
    settings = Settings()
    with pytest.raises(AttributeError):
        settings.server.port = 1  # type: ignore[misc]
    assert hash(settings) == hash(Settings())


def test_every_setting_says_what_it_is_in_a_sentence() -> None:
    for field in fields().values():
        assert field.description.endswith(".")
        assert field.description[0].isupper() or field.description[0] == "`"


def test_every_number_has_its_unit_in_its_name() -> None:
    units = ("_m", "_ms", "_s", "_days", "_minutes", "_bytes", "_address", "burst", "limit", "port")
    of_things = ("server.workers", "node.generation")  # what is counted is the name itself
    for field in fields().values():
        if field.path in of_things:
            continue
        if type(field.default) in (int, float):
            assert field.path.endswith(units), field.path


def test_no_two_settings_share_a_variable() -> None:
    names = [field.environment for field in fields().values()]
    assert len({*names, *ALIASES}) == len(names) + len(ALIASES)


def test_aliases_and_flags_lead_to_settings() -> None:
    assert {*ALIASES.values(), *FLAGS.values()} <= set(fields())


def test_the_embedded_database_lies_in_the_data_directory() -> None:
    settings = load(environment={"QUAD_DATA": "/var/lib/quad"})
    assert settings.server.database_url == "sqlite:////var/lib/quad/quad.sqlite3"
    assert load(environment={"QUAD_DATABASE": ADDRESS}).server.database_url == ADDRESS


def test_a_section_can_be_replaced_for_a_test() -> None:
    settings = Settings()
    changed = msgspec.structs.replace(
        settings, engine=msgspec.structs.replace(settings.engine, ping_interval_ms=300)
    )
    assert changed.engine.ping_interval_ms == 300
    assert changed.server is settings.server


def test_secrets_are_never_shown() -> None:
    settings = load(
        environment={"QUAD_ADMIN_PASSWORD": "sesame", "QUAD_IDENTITY_CLIENT_SECRET": "q"}
    )
    assert settings.admin.password == "sesame"
    assert "sesame" not in repr(settings)
    assert "client_secret='***'" in repr(settings)
    assert "AdminSettings(password='***')" in repr(settings)
    assert "password=''" in repr(Settings())


@pytest.mark.parametrize(
    "path", ["admin.password", "identity.client_secret", "nearby.admin_password"]
)
def test_a_secret_of_the_wrong_type_is_not_repeated(path: str, tmp_path: Path) -> None:
    file = tmp_path / "quad.toml"
    section, _, name = path.partition(".")
    file.write_text(f"[{section}]\n{name} = 271828\n")
    with pytest.raises(BadSettings) as caught:
        load(file, environment={})
    assert "271828" not in str(caught.value)


def test_variables_of_other_commands_do_not_stop_a_server() -> None:
    assert load(environment={"QUAD_URL": "http://x", "QUAD_BOT_PASS": "y"}) == Settings()
