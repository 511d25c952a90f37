"""One frozen tree of settings, read once at the start.

Later sources win: the defaults below, a TOML file, ``QUAD_*`` variables of the environment, flags
of the command line. Whatever is unknown or ill-typed in any of them stops the start, and all of it
is named in one message. The manual is printed from this file: ``quad settings``.
"""

import difflib
import logging
import math
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta
from msgspec import inspect as shapes

from quad.addresses import parse_network

log = logging.getLogger("quad.settings")

PREFIX = "QUAD_"
CONFIG_VARIABLE = "QUAD_CONFIG"
# Variables of the tests of this project, not of the server.
TEST_PREFIX = "QUAD_TEST_"

# Variables of `quad bot` and `quad admin`, which may be set where a server runs, too.
COMMAND_VARIABLES = frozenset({"QUAD_URL", "QUAD_BOT_PASS"})

# Short names for what is set most often.
ALIASES: Mapping[str, str] = {
    "QUAD_HOST": "server.host",
    "QUAD_PORT": "server.port",
    "QUAD_DATA": "server.data",
    "QUAD_DATABASE": "server.database",
    "QUAD_LIMITS": "limits.mode",
    "QUAD_KEY": "server.key_secret",
    "QUAD_WORKERS": "server.workers",
    "QUAD_BUS": "cluster.bus",
}

# Settings that have another name now. The old one works on, in files and in the environment, and
# each start says so; where both are given in one source, the new one counts.
MOVED: Mapping[str, str] = {
    "nearby.public_url": "server.public_url",
    "chat.kept_days": "retention.chat_messages_days",
    "nearby.kept_days": "retention.nearby_logs_days",
    "nearby.admin_password": "admin.password",
    "nearby.login": "identity.login",
    "nearby.client_id": "identity.client_id",
    "nearby.client_secret": "identity.client_secret",
    "nearby.fenix_base": "identity.fenix_base",
    "nearby.oidc_discovery": "identity.oidc_discovery",
    "nearby.oidc_claim": "identity.oidc_claim",
    "nearby.session_days": "identity.session_days",
    "nearby.wrong_tries_per_minute_per_address": "identity.wrong_tries_per_minute_per_address",
    "nearby.wrong_tries_burst": "identity.wrong_tries_burst",
}

# Values of settings with these endings are never shown.
_SECRETS = ("secret", "password")
# Addresses that may hold a password: shown without it, and not repeated when they are refused.
_ADDRESSES = ("server.database", "cluster.bus")

FLAGS: Mapping[str, str] = {
    "--host": "server.host",
    "--port": "server.port",
    "--data": "server.data",
    "--database": "server.database",
    "--workers": "server.workers",
    "--bus": "cluster.bus",
    "--limits": "limits.mode",
    "--log-level": "log.level",
}


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the TOML file. Its ``repr`` shows no password."""

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [(name, _shown(name, getattr(self, name))) for name in self.__struct_fields__]


Count = Annotated[int, Meta(ge=1)]
Milliseconds = Annotated[int, Meta(ge=1, le=86_400_000)]
Bytes = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
# A hundred years: beyond it calendars end.
Days = Annotated[int, Meta(ge=0, le=36_500)]
Minutes = Annotated[int, Meta(ge=0, le=52_560_000)]
Rate = Annotated[float, Meta(gt=0)]
DatabaseUrl = Annotated[
    str,
    Meta(
        pattern=r"^(sqlite|postgres|postgresql|mysql|mariadb)(\+\w+)?://",
        examples=["postgresql://user:password@host/name"],
    ),
]
BusUrl = Annotated[
    str,
    Meta(
        pattern=r"^((nats|tls|amqp|amqps)://\S+)?$",
        examples=["nats://user:password@host:4222"],
    ),
]
HostName = Annotated[
    str, Meta(pattern=r"^(\*\.)?[\w-]+(\.[\w-]+)*\.?$", examples=["class.example.org"])
]
Network = Annotated[str, Meta(examples=["10.0.0.0/8"])]
Origin = Annotated[
    str,
    Meta(pattern=r"^(\*|null|[a-z][a-z0-9+.-]*://[^/]*)$", examples=["https://class.example.org"]),
]

WebAddress = Annotated[
    str, Meta(pattern=r"^https?://[^\s/]+\S*$", examples=["https://id.example.org"])
]


class ServerSettings(Section, frozen=True, kw_only=True):
    """Where the server listens and keeps its data."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="Address to listen on; `0.0.0.0` is every IPv4 address, `::` every one.",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="TCP port to listen on; `0` takes any free one.")
    ] = 8000
    data: Annotated[
        Path, Meta(description="Directory for everything the server keeps; made if missing.")
    ] = Path("quad-data")
    database: Annotated[
        DatabaseUrl | None,
        Meta(
            description="Address of the database: `postgresql://...`, `mysql://...` or "
            "`sqlite:///file`; unset, it is the SQLite file `quad.sqlite3` in the data directory.",
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        Meta(
            description="File with the secret that logins are signed with, made at the first "
            "start; unset, it is `quad.key` in the data directory. Whoever has it can be anybody."
        ),
    ] = None
    key_secret: Annotated[
        str,
        Meta(
            pattern=r"^(\S{32,})?$",
            examples=["sesame-open-to-nobody-but-this-server"],
            description="That secret itself, of at least 32 characters, instead of the file: "
            "where several machines need the same one.",
        ),
    ] = ""
    workers: Annotated[
        Count,
        Meta(
            description="How many processes share the address, each a node of the cluster. More "
            "than one need `cluster.bus`, and a database on a server."
        ),
    ] = 1
    drain_s: Annotated[
        Seconds,
        Meta(
            le=60,
            description="How long a stopping server goes on delivering what is already queued.",
        ),
    ] = 4.0
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://\S+)?$",
            examples=["https://quad.example.org"],
            description="Address under which browsers reach this server: its pages may connect "
            "whatever a proxy makes of `Host`, and login providers send people back to it; empty "
            "is what the browser asked for.",
        ),
    ] = ""
    metrics_for: Annotated[
        Literal["administrator", "everyone"],
        Meta(
            description="Who may read `/metrics` and the reasons that `/ready` gives: the "
            "`administrator` and programs on this machine, or `everyone`."
        ),
    ] = "administrator"
    hosts: Annotated[
        tuple[HostName, ...],
        Meta(
            description="Names by which browsers may ask for this server, beside `public_url`; "
            "`*.` stands for any subdomain. With one of the two set, requests to other names get "
            "421, so that no page can reach it under a name of its own; addresses and `localhost` "
            "always may."
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Meta(
            description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is "
            "believed; from anyone else it is ignored."
        ),
    ] = ()

    @property
    def database_url(self) -> str:
        """The address of the database, the embedded one in ``data`` unless another is set."""
        return self.database or f"sqlite:///{(self.data / 'quad.sqlite3').absolute()}"

    @property
    def key_path(self) -> Path:
        """Where the secret lies, unless it is set."""
        return self.key_file or self.data / "quad.key"


class ClusterSettings(Section, frozen=True, kw_only=True):
    """Several nodes as one Quad: they share one database, one broker, one name and one key."""

    bus: Annotated[
        BusUrl,
        Meta(
            description="Address of the broker between the nodes: `nats://...` or `amqp://...` "
            "(RabbitMQ), `tls://...` or `amqps://...` for the same with TLS; empty is one node "
            "alone.",
        ),
    ] = ""
    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]{1,40}$",
            examples=["quad"],
            description="What tells several Quads apart that share a broker; the same for all "
            "nodes of one.",
        ),
    ] = "quad"


class NodeSettings(Section, frozen=True, kw_only=True):
    """What this node is among the others."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[\w.:-]{0,60}$",
            examples=["quad-1"],
            description="What logs and figures call this node; empty is its machine and port.",
        ),
    ] = ""
    generation: Annotated[
        int,
        Meta(
            ge=0,
            le=2_000_000_000,
            description="Counts the versions of a rolling upgrade: when a node of a higher one is "
            "ready, those of lower ones let no new connections in.",
        ),
    ] = 0


class LogSettings(Section, frozen=True, kw_only=True):
    """What is written to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least serious kind of line that is written."),
    ] = "info"


class EngineSettings(Section, frozen=True, kw_only=True):
    """The Socket.IO endpoint. The times are announced to clients as given."""

    path: Annotated[
        str,
        Meta(
            pattern="^/(.*/)?$",
            examples=["/socket.io/"],
            description="Path of the endpoint, with a slash at both ends.",
        ),
    ] = "/socket.io/"
    ping_interval_ms: Annotated[
        Milliseconds, Meta(description="Time between two heartbeats of a connection.")
    ] = 25_000
    ping_timeout_ms: Annotated[
        Milliseconds,
        Meta(description="Time to answer a heartbeat before the connection counts as lost."),
    ] = 20_000
    connect_timeout_ms: Annotated[
        Milliseconds,
        Meta(description="Time to join a namespace before an idle connection is closed."),
    ] = 45_000
    upgrade_timeout_ms: Annotated[
        Milliseconds, Meta(description="Time to finish an upgrade from polling to WebSocket.")
    ] = 10_000
    handshake_timeout_ms: Annotated[
        Milliseconds,
        Meta(
            description="Time for the head of a request, or for a WebSocket's opening handshake, "
            "to come in."
        ),
    ] = 10_000
    body_bytes_per_s: Annotated[
        Rate,
        Meta(
            description="Bytes a second, at least, in which the body of a request has to come in "
            "once it takes longer than `handshake_timeout_ms`."
        ),
    ] = 500.0
    probe_timeout_ms: Annotated[
        Milliseconds,
        Meta(
            description="Time to answer when somebody wants the place of a connection that is "
            "still open. Who answers keeps it."
        ),
    ] = 2_000
    probe_loopback_timeout_ms: Annotated[
        Milliseconds,
        Meta(description="The same for a client on this very machine, with no proxy between."),
    ] = 4
    probe_holds_ms: Annotated[
        Milliseconds,
        Meta(description="How long such an answer is taken for true before it is asked again."),
    ] = 2_000
    max_payload_bytes: Annotated[
        Bytes, Meta(description="Largest message, and largest polling request, accepted.")
    ] = 1_000_000
    outbox_limit_bytes: Annotated[
        Bytes,
        Meta(description="Bytes that may wait for a slow reader before it is disconnected."),
    ] = 1_048_576
    compression: Annotated[
        bool,
        Meta(description="Offer permessage-deflate: less traffic for more processor and memory."),
    ] = False
    origins: Annotated[
        tuple[Origin, ...],
        Meta(
            description="Origins of other sites whose pages may connect, such as "
            "`https://class.example.org`; also those of apps: `file://`, `null`, "
            "`capacitor://localhost`, `ionic://localhost`, `https://localhost`. `*` is everyone, "
            "without cookies. The server's own origin always may."
        ),
    ] = ()


class LimitSettings(Section, frozen=True, kw_only=True):
    """What one client may take. Generous: a class of 300 behind one address never meets them."""

    mode: Annotated[
        Literal["on", "off"],
        Meta(description="`on` or `off`: the limits on what one client, or one address, may take."),
    ] = "on"
    connections_per_address: Annotated[
        Count,
        Meta(
            description="Connections open at once from one address: sessions and WebSockets, and "
            "as many of plain HTTP."
        ),
    ] = 5000
    streams_per_address: Annotated[
        Count,
        Meta(description="Streams of room results and the like open at once from one address."),
    ] = 500
    newcomers_per_address: Annotated[
        Count,
        Meta(
            description="Socket.IO connections from one address that have not joined a namespace "
            "yet. They are counted apart, and the oldest goes when more come."
        ),
    ] = 100
    connects_per_s_per_address: Annotated[
        Rate, Meta(description="Connections opened a second from one address, in the long run.")
    ] = 500.0
    connects_burst_per_address: Annotated[
        Count, Meta(description="Connections that one address may open at once on top of that.")
    ] = 2000
    events_per_s: Annotated[
        Rate, Meta(description="Events a second from one connection, in the long run.")
    ] = 200.0
    events_burst: Annotated[
        Count, Meta(description="Events that one connection may send at once on top of that.")
    ] = 1000
    failed_joins_per_minute_per_address: Annotated[
        Rate,
        Meta(description="Wrong room numbers a minute from one address, in the long run."),
    ] = 600.0
    failed_joins_burst_per_address: Annotated[
        Count,
        Meta(description="Wrong room numbers that one address may try at once on top of that."),
    ] = 600
    rooms_per_hour_per_address: Annotated[
        Rate, Meta(description="Classes opened an hour from one address, in the long run.")
    ] = 300.0
    rooms_burst_per_address: Annotated[
        Count, Meta(description="Classes that one address may open at once on top of that.")
    ] = 300
    students_per_minute_per_address: Annotated[
        Rate,
        Meta(
            description="New students a minute from one address, in the long run; those who come "
            "back are not counted."
        ),
    ] = 600.0
    students_burst_per_address: Annotated[
        Count, Meta(description="New students from one address at once on top of that.")
    ] = 2000
    daily_student_bytes: Annotated[
        Bytes,
        Meta(
            description="Bytes a day that one student's messages take, and what their files grow "
            "by."
        ),
    ] = 50_000_000
    daily_room_bytes: Annotated[
        Bytes, Meta(description="The same of a whole class, the teacher's messages included.")
    ] = 1_000_000_000
    picture_bytes_per_day_per_address: Annotated[
        Bytes,
        Meta(
            description="Bytes a day of the pictures that teachers at one address upload for tasks."
        ),
    ] = 500_000_000
    client_errors_per_minute_per_address: Annotated[
        Rate,
        Meta(
            description="Stack traces of students' plugins a minute from one address that are "
            "written to the log, in the long run."
        ),
    ] = 60.0
    client_errors_burst_per_address: Annotated[
        Count, Meta(description="Stack traces from one address at once on top of that.")
    ] = 60


class StoreSettings(Section, frozen=True, kw_only=True):
    """How durable state is written."""

    batch_limit: Annotated[
        Count, Meta(description="Changes that share one transaction under load, at most.")
    ] = 1000
    busy_timeout_ms: Annotated[
        Milliseconds,
        Meta(description="How long a write waits for another process that locks the SQLite file."),
    ] = 2000


class IdentitySettings(Section, frozen=True, kw_only=True):
    """Who somebody is: how people log in, and how often secrets may be wrong."""

    login: Annotated[
        Literal["auto", "guest", "fenix", "oidc"],
        Meta(
            description="How people log in: `fenix`, `oidc`, or `guest`, where a name is enough. "
            "`auto` takes a provider that is configured, else guests on a loopback address."
        ),
    ] = "auto"
    client_id: Annotated[str, Meta(description="This server's name at the login provider.")] = ""
    client_secret: Annotated[
        str, Meta(description="This server's password at the login provider.")
    ] = ""
    fenix_base: Annotated[
        WebAddress, Meta(description="Address of the university's Fenix, for `fenix`.")
    ] = "https://fenix.tecnico.ulisboa.pt"
    oidc_discovery: Annotated[
        str,
        Meta(
            pattern=r"^(https?://\S+)?$",
            examples=["https://id.example.org/.well-known/openid-configuration"],
            description="Discovery address of an OpenID Connect provider, for `oidc`.",
        ),
    ] = ""
    oidc_claim: Annotated[
        str,
        Meta(
            min_length=1,
            description="What the provider tells of a person that becomes their id here, and "
            "that others see. Nobody may be able to choose somebody else's: `sub` is always safe.",
        ),
    ] = "preferred_username"
    session_days: Annotated[Count, Meta(description="How long somebody stays logged in.")] = 30
    wrong_tries_per_minute_per_address: Annotated[
        Rate,
        Meta(description="Wrong tokens or passwords a minute from one address, and for one name."),
    ] = 10.0
    wrong_tries_burst: Annotated[
        Count, Meta(description="Wrong tokens or passwords allowed at once on top of that.")
    ] = 30


class AdminSettings(Section, frozen=True, kw_only=True):
    """The administrator."""

    password: Annotated[
        str,
        Meta(
            description="Password of the user `admin`; empty makes one at the first start, in "
            "the file `admin-password` of the data directory."
        ),
    ] = ""


class ClassroomSettings(Section, frozen=True, kw_only=True):
    """The classroom: rooms, tasks, students' files."""

    plugin_version: Annotated[
        str,
        Meta(
            pattern=r"^(\d+(\.\d+)*)?$",
            examples=["1.2.15"],
            description="Oldest version of the students' plugin that is not asked to update; "
            "empty asks nobody.",
        ),
    ] = "1.2.15"
    tokenless_resume: Annotated[
        bool,
        Meta(
            description="Let original clients, which have no token, take up their place again "
            "after a lost connection."
        ),
    ] = True
    resume_elsewhere_s: Annotated[
        float,
        Meta(
            ge=0,
            le=604_800,
            description="How long after a lost connection a student of an original client may "
            "come back from another address; `0` is never.",
        ),
    ] = 600.0
    room_update_interval_ms: Annotated[
        Milliseconds,
        Meta(description="Least time between two lists of a busy room sent to its teacher."),
    ] = 250
    import_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Hosts that tasks may be imported from; `*.` stands for any subdomain."),
    ] = ("notion.so", "*.notion.so", "*.notion.site")
    import_allow_private: Annotated[
        bool,
        Meta(
            description="Let imports reach private and loopback addresses. For tests only: it "
            "opens the server's own network to every teacher."
        ),
    ] = False
    import_timeout_s: Annotated[Seconds, Meta(description="Time that a whole import may take.")] = (
        10.0
    )
    import_limit_bytes: Annotated[Bytes, Meta(description="Largest page that is imported.")] = (
        5_000_000
    )
    message_limit_bytes: Annotated[
        Bytes, Meta(description="Longest message between a student and the teacher, in UTF-8.")
    ] = 65_536
    steps_limit_bytes: Annotated[
        Bytes, Meta(description="Largest set of tasks of one room, in UTF-8.")
    ] = 900_000
    pictures_limit_bytes: Annotated[
        Bytes, Meta(description="Bytes kept of all pictures that one teacher's tasks show.")
    ] = 50_000_000
    files_limit: Annotated[Count, Meta(description="Files kept for one student.")] = 2000
    files_limit_bytes: Annotated[
        Bytes, Meta(description="Bytes kept of all files of one student, in UTF-8.")
    ] = 10_000_000
    history_limit_bytes: Annotated[
        Bytes,
        Meta(
            description="Bytes kept of one student's history, deflated, before its oldest half "
            "is thinned to a state a minute."
        ),
    ] = 4_000_000


class AlertSettings(Section, frozen=True, kw_only=True):
    """Alert rooms, where everyone is told at once."""

    history_limit: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="Latest messages of a room that are kept, and shown to whoever joins; "
            "`0` keeps none.",
        ),
    ] = 50
    history_age_s: Annotated[
        int,
        Meta(
            ge=0,
            le=31_536_000,
            description="Greatest age of a message that is shown to whoever joins; `0` shows none.",
        ),
    ] = 43_200
    grace_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long somebody whose connection dropped still counts as present.",
        ),
    ] = 5.0
    restart_grace_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long after a start those who were present before still count as "
            "present: clients come back with delays of their own.",
        ),
    ] = 60.0
    text_limit_bytes: Annotated[Bytes, Meta(description="Longest message, in UTF-8.")] = 10_000
    session_s: Annotated[Count, Meta(description="How long a browser stays logged in.")] = 2_592_000
    posts_per_minute_per_address: Annotated[
        Rate,
        Meta(
            description="Messages a minute from one address by plain HTTP, in the long run; what "
            "is over it waits its turn."
        ),
    ] = 60.0
    posts_burst_per_address: Annotated[
        Count, Meta(description="Messages that one address may post at once on top of that.")
    ] = 60


class ChatSettings(Section, frozen=True, kw_only=True):
    """Group chats of phones."""

    demand_tokens: Annotated[
        bool,
        Meta(
            description="Let nobody in without a token. Original clients, which have none, are "
            "then refused."
        ),
    ] = False
    text_limit_bytes: Annotated[Bytes, Meta(description="Longest message, in UTF-8.")] = 65_536
    state_limit_bytes: Annotated[
        Bytes,
        Meta(
            description="What somebody has missed comes in one `state`, up to about this size; the "
            "rest follows as single messages. Smaller for clients that do not take so much at once."
        ),
    ] = 64_000_000
    members_limit: Annotated[Count, Meta(description="Members of one chat.")] = 1000
    chats_limit: Annotated[Count, Meta(description="Chats that one phone is a member of.")] = 500
    wrong_tokens_per_minute_per_address: Annotated[
        Rate,
        Meta(description="Wrong tokens a minute from one address, and as many for one phone."),
    ] = 10.0
    wrong_tokens_burst: Annotated[
        Count, Meta(description="Wrong tokens that are allowed at once on top of that.")
    ] = 30


class NearbySettings(Section, frozen=True, kw_only=True):
    """People, places and bots of a campus."""

    range_m: Annotated[float, Meta(ge=0, description="Range of a new user, in metres.")] = 50.0
    range_limit_m: Annotated[
        float,
        Meta(ge=0, le=20_100_000, description="Largest range, and largest radius, in metres."),
    ] = 100_000.0
    grid_m: Annotated[
        float,
        Meta(
            ge=0,
            le=1_000_000,
            description="How closely others see where somebody is: cells so many metres wide, "
            "whose centre stands for every place inside. 0 shows places as they are.",
        ),
    ] = 10.0
    is_any_point_shown: Annotated[
        bool,
        Meta(
            description="Whether `show/range` answers for any point that is asked for, not only "
            "for where somebody said they are. Then anybody can look for anybody anywhere."
        ),
    ] = False
    queries_per_s: Annotated[
        Rate, Meta(description="Questions a second of one person, in the long run.")
    ] = 10.0
    moves_per_s: Annotated[
        Rate, Meta(description="Moves a second of one person, in the long run.")
    ] = 2.0
    messages_per_s: Annotated[
        Rate, Meta(description="Messages a second of one person, in the long run.")
    ] = 1.0
    person_burst: Annotated[
        Count, Meta(description="Questions, moves or messages of one person at once.")
    ] = 60
    message_limit_bytes: Annotated[Bytes, Meta(description="Longest message, in UTF-8.")] = 10_000
    recipients_limit: Annotated[Count, Meta(description="People to whom one message may go.")] = (
        1000
    )
    grace_s: Annotated[
        float,
        Meta(
            ge=0,
            le=604_800,
            description="How long unread messages wait for a connection that dropped.",
        ),
    ] = 900.0
    tiles: Annotated[
        str,
        Meta(
            # Nothing that could mean something else in the page's policy.
            pattern=r"^$|^https://[\w.\-]+(:\d+)?/(?=\S*\{z\})(?=\S*\{x\})(?=\S*\{y\})\S+$",
            examples=["https://tile.example.org/{z}/{x}/{y}.png"],
            description="Address of the pictures beneath the maps, from a tile server; empty draws "
            "maps without any. Browsers fetch them, so that server learns where people look.",
        ),
    ] = ""
    tiles_attribution: Annotated[
        str,
        Meta(
            description="Whose pictures these are, as their licence wants it said; addresses in "
            "it become links."
        ),
    ] = ""


class RetentionSettings(Section, frozen=True, kw_only=True):
    """How long things are kept that nobody uses any more; `0` keeps them for ever."""

    classes_unused_days: Annotated[
        Days,
        Meta(
            description="A class that nobody has been in: its tasks, names, messages and files; "
            "and a teacher's key that nobody has used and no class belongs to."
        ),
    ] = 180
    pictures_unused_days: Annotated[
        Days,
        Meta(
            description="A picture that no class and no set of tasks shows any more; until then "
            "whoever took it out can put it in again."
        ),
    ] = 7
    alert_messages_days: Annotated[Days, Meta(description="A message of an alert room.")] = 30
    chat_messages_days: Annotated[
        Days, Meta(description="A chat message, for members who do not come to get it.")
    ] = 365
    nearby_logs_days: Annotated[
        Days, Meta(description="A line of nearby's logs, and a message that nobody has fetched.")
    ] = 90
    nearby_places_minutes: Annotated[
        Minutes, Meta(description="The last place of somebody who is offline.")
    ] = 60
    unused_days: Annotated[
        Days,
        Meta(
            description="A person of nearby, a phone that is in no chat, a reader, a token: since "
            "they were last used."
        ),
    ] = 365

    def age(self, name: str) -> timedelta | None:
        """How long the setting of this name keeps things; None is for ever."""
        value: int = getattr(self, name)
        if not value:
            return None
        return timedelta(minutes=value) if name.endswith("_minutes") else timedelta(days=value)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. ``load`` makes one."""

    server: ServerSettings = ServerSettings()
    cluster: ClusterSettings = ClusterSettings()
    node: NodeSettings = NodeSettings()
    log: LogSettings = LogSettings()
    engine: EngineSettings = EngineSettings()
    limits: LimitSettings = LimitSettings()
    store: StoreSettings = StoreSettings()
    identity: IdentitySettings = IdentitySettings()
    admin: AdminSettings = AdminSettings()
    classroom: ClassroomSettings = ClassroomSettings()
    alert: AlertSettings = AlertSettings()
    chat: ChatSettings = ChatSettings()
    nearby: NearbySettings = NearbySettings()
    retention: RetentionSettings = RetentionSettings()


class BadSettings(Exception):
    """Settings that cannot be used; ``problems`` holds one sentence for each of them."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def load(
    config: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Return the settings that the three sources make of the defaults.

    ``config`` is a TOML file (else the one that ``QUAD_CONFIG`` names, else none), ``flags`` maps
    names of ``FLAGS`` to values; a value of ``None`` was not given. Raises ``BadSettings``, which
    names everything that is wrong.
    """
    if config is None and environment.get(CONFIG_VARIABLE):
        config = Path(environment[CONFIG_VARIABLE])
    problems: list[str] = []
    values: dict[str, object] = {}
    for given in (
        *(_from_file(config, problems) if config is not None else ()),
        *_from_environment(environment, problems),
        *_from_flags(flags or {}),
    ):
        try:
            values[given.field.path] = given.value()
            if given.is_moved:
                log.warning("%s is called %s now; set that", given.origin, given.field.path)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise BadSettings(problems)
    return _tree(values)


def conflicts(settings: Settings) -> Iterator[str]:
    """What each setting allows by itself and a server cannot do together, a sentence each."""
    is_file = settings.server.database_url.startswith("sqlite")
    if settings.cluster.bus and is_file:
        yield (
            "cluster.bus joins nodes that share a database, and a SQLite file is one process's "
            "alone: set server.database to a PostgreSQL or MySQL/MariaDB server"
        )
    if settings.server.workers > 1 and is_file:
        yield (
            "server.workers must be 1 on SQLite, whose file is one process's alone: set "
            "server.database to a PostgreSQL or MySQL/MariaDB server"
        )
    if settings.server.workers > 1 and not settings.cluster.bus:
        yield "server.workers above 1 need a broker between them: set cluster.bus (`--bus`)"


def _shown(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return "***" if value and name.endswith(_SECRETS) else redacted(value)


def redacted(text: str) -> str:
    """Return an address without its passwords, fit for logs and messages."""
    text = re.sub(r"(?<=://)([^:/@]*):.*@", r"\1:***@", text)
    # What stands alone before the `@` of a NATS address is no name but a token.
    text = re.sub(r"\b(nats|tls)://[^:/@]+@", r"\1://***@", text)
    return re.sub(r"(?<=[?&])(password|passwd)=[^&]*", r"\1=***", text)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, as the manual shows it."""

    path: str  # section and name, "engine.ping_interval_ms"
    description: str
    default: object
    shape: shapes.Type
    annotation: Any

    @property
    def environment(self) -> str:
        """The variable that sets it; some have a short alias besides."""
        return _variable(self.path)

    @property
    def alias(self) -> str | None:
        """The short variable that sets it, too."""
        return next((name for name, path in ALIASES.items() if path == self.path), None)

    @property
    def kind(self) -> str:
        """What a value has to be, in words: ``a whole number from 0 to 65535``."""
        return _kind(self.shape)


def _variable(path: str) -> str:
    return PREFIX + path.upper().replace(".", "_")


@cache
def fields() -> Mapping[str, Field]:
    """Return every setting by its path, in the order of the tree."""
    return {field.path: field for field in _walk()}


def _walk() -> Iterator[Field]:
    for section in _struct(Settings).fields:
        assert isinstance(section.type, shapes.StructType)
        annotations = get_type_hints(section.type.cls, include_extras=True)
        for field in section.type.fields:
            shape, description = _described(field.type)
            yield Field(
                path=f"{section.name}.{field.name}",
                description=description,
                default=field.default,
                shape=shape,
                annotation=annotations[field.name],
            )


def _struct(kind: type[msgspec.Struct]) -> shapes.StructType:
    shape = shapes.type_info(kind)
    assert isinstance(shape, shapes.StructType)
    return shape


def _described(shape: shapes.Type) -> tuple[shapes.Type, str]:
    assert isinstance(shape, shapes.Metadata), "every setting carries a description"
    extra = shape.extra_json_schema or {}
    return shape, str(extra["description"])


def _kind(shape: shapes.Type) -> str:
    match shape:
        case shapes.Metadata():
            examples = (shape.extra_json_schema or {}).get("examples")
            return f"text such as `{examples[0]}`" if examples else _kind(shape.type)
        case shapes.IntType() | shapes.FloatType():
            return _number(shape)
        case shapes.BoolType():
            return "`true` or `false`"
        case shapes.LiteralType():
            return _either([f"`{value}`" for value in shape.values])
        case shapes.VarTupleType():
            return f"a list of {_kind(shape.item_type)}".replace("of text", "of texts")
        case shapes.UnionType():
            return _kind(shape.types[0])
        case shapes.CustomType():
            return "a path"
        case _:
            return "text"


def _number(shape: shapes.IntType | shapes.FloatType) -> str:
    name = "a whole number" if isinstance(shape, shapes.IntType) else "a number"
    bounds = {"at least": shape.ge, "above": shape.gt, "at most": shape.le}
    told = [f"{word} {bound}" for word, bound in bounds.items() if bound is not None]
    return f"{name} {' and '.join(told)}".rstrip()


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


# --- sources --------------------------------------------------------------------------------------


class _Given(msgspec.Struct, frozen=True):
    """A value that some source gives to a setting."""

    field: Field
    raw: object
    origin: str
    is_moved: bool = False

    def value(self) -> object:
        """Return the value in its type; raises ``ValueError`` with a sentence for the operator."""
        try:
            value = msgspec.convert(
                _from_text(self.field, self.raw) if isinstance(self.raw, _Text) else self.raw,
                self.field.annotation,
                strict=not isinstance(self.raw, _Text),
                dec_hook=_convert_path,
            )
            _check(self.field.path, value)
        except (msgspec.ValidationError, ValueError, OverflowError):
            shown = redacted(str(self.raw)) if isinstance(self.raw, str) else self.raw
            is_secret = self.field.path.endswith((*_ADDRESSES, *_SECRETS))
            hint = "" if is_secret else f", not {shown!r}"
            raise ValueError(f"{self.origin} must be {self.field.kind}{hint}") from None
        return value


class _Text(str):
    """A value from where everything is text; numbers and lists have yet to be read out of it."""

    __slots__ = ()


_BOOLEANS = {"on": True, "yes": True, "off": False, "no": False}


def _from_text(field: Field, text: str) -> object:
    shape = field.shape.type if isinstance(field.shape, shapes.Metadata) else field.shape
    match shape:
        case shapes.VarTupleType():
            return [part.strip() for part in text.split(",") if part.strip()]
        case shapes.BoolType():
            return _BOOLEANS.get(text.strip().lower(), text.strip().lower())
        case shapes.UnionType() if not text:
            return None
        case _:
            return str(text)


def _convert_path(kind: type, value: object) -> object:
    # The only type of the tree that msgspec leaves to us.
    if kind is Path and isinstance(value, str | Path) and str(value):
        return Path(value).expanduser()
    raise ValueError(value)


def _check(path: str, value: object) -> None:
    """Raise ``ValueError`` for what types cannot tell."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    if path == "server.trusted_proxies" and isinstance(value, tuple):
        for network in value:
            parse_network(network)


def _from_file(file: Path, problems: list[str]) -> Iterator[_Given]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file} cannot be read: {error.strerror}")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file} is not TOML: {error}")
        return
    sections = list(dict.fromkeys(path.partition(".")[0] for path in (*fields(), *MOVED)))
    given: list[_Given] = []
    for section, table in document.items():
        if section not in sections:
            problems.append(_unknown(f"{file}: {section}", section, sections))
        elif not isinstance(table, dict):
            problems.append(f"{file}: {section} must be a table, [{section}]")
        else:
            given += _from_table(file, section, table, problems)
    # The old names first, so that the new ones win where both are given.
    yield from sorted(given, key=lambda each: not each.is_moved)


def _from_table(
    file: Path, section: str, table: Mapping[str, object], problems: list[str]
) -> Iterator[_Given]:
    for key, raw in table.items():
        path = f"{section}.{key}"
        field = fields().get(MOVED.get(path, path))
        if field is not None:
            yield _Given(field, raw, f"{file}: {path}", path in MOVED)
        else:
            problems.append(_unknown(f"{file}: {path}", path, fields()))


def _from_environment(environment: Mapping[str, str], problems: list[str]) -> Iterator[_Given]:
    # Old names and the alias first, so that the full name wins where both are given.
    moved = {_variable(old): fields()[new] for old, new in MOVED.items()}
    names = moved | {name: fields()[path] for name, path in ALIASES.items()}
    names |= {field.environment: field for field in fields().values()}
    for name, field in names.items():
        if name in environment:
            yield _Given(field, _Text(environment[name]), name, name in moved)
    for name in sorted(environment):
        foreign = not name.startswith(PREFIX) or name.startswith(TEST_PREFIX)
        foreign = foreign or name in COMMAND_VARIABLES
        if not foreign and name not in names and name != CONFIG_VARIABLE:
            problems.append(_unknown(name, name, [*names, CONFIG_VARIABLE]))


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    for name, raw in flags.items():
        if raw is not None:
            given = _Text(raw) if isinstance(raw, str) else raw
            yield _Given(fields()[FLAGS[name]], given, name)


def _unknown(shown: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"{shown} is no setting" + (f"; did you mean {close[0]}?" if close else "")


def _tree(values: Mapping[str, object]) -> Settings:
    sections: dict[str, Any] = {}
    for section in _struct(Settings).fields:
        assert isinstance(section.type, shapes.StructType)
        own = {
            path.partition(".")[2]: value
            for path, value in values.items()
            if path.partition(".")[0] == section.name
        }
        sections[section.name] = section.type.cls(**own)
    return Settings(**sections)
