"""What TypeScript is told of the server's types."""

import enum
import inspect
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath, JSONBody, Parameter
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct, field

import quad.server  # noqa: F401 - so that every refusal is known
from quad.alert.refusals import Reason
from quad.chat.outgoing import ChatError
from quad.realtime import Client, ErrorPayload, Refused, SocketServer
from quad.realtime.errors import Internal
from quad.store import OutcomeUnknown
from tests.outgoing import check_outgoing
from tools.types.declare import declare
from tools.types.text import comment, declare_type, function, member
from tools.types.typescript import Types
from tools.types.wire import Wire, events_of, refusals_of, routes_of

Mood = Literal["well", "ill"]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Pet(Struct):
    """An animal."""

    name: str
    mood: Mood = "well"


class Owner(Struct):
    pets: Sequence[Pet]


class Greeting(Struct, tag_field="type", tag="hello", rename={"sender": "from"}):
    """One line.

    And another.
    """

    sender: str
    seen_at: datetime | None
    reply_to: int | UnsetType = UNSET
    tags: list[str] = field(default_factory=list)


class Sparse(Struct, omit_defaults=True):
    new: int = -1


class Nothing(Struct):
    pass


class Pair(Struct, array_like=True):
    left: int
    right: int


# --- expressions ----------------------------------------------------------------------------------

EXPRESSIONS: list[tuple[Any, str]] = [
    (str, "string"),
    (int, "number"),
    (float, "number"),
    (bool, "boolean"),
    (None, "null"),
    (Any, "unknown"),
    (Raw, "unknown"),
    (datetime, "string"),
    (list[int], "number[]"),
    (Sequence[str], "string[]"),
    (tuple[int, ...], "number[]"),
    (tuple[int, str], "[number, string]"),
    (str | None, "string | null"),
    (None | str, "string | null"),
    (list[str] | None, "string[] | null"),
    (list[str | None], "(string | null)[]"),
    (dict[str, list[int]], "Record<string, number[]>"),
    (Mapping[str, Mood], "Record<string, Mood>"),
    (Mood | None, "Mood | null"),
    (Literal["on"], '"on"'),
    (Colour, '"red" | "blue"'),
    (Pet | list[Pet], "Pet | Pet[]"),
    (Annotated[int, Meta(ge=0)], "number"),
    (
        Annotated[dict[str, Any], Meta(extra={"checked_as": dict[str, Mood]})],
        "Record<string, Mood>",
    ),
]


@pytest.mark.parametrize(("annotation", "text"), EXPRESSIONS, ids=[text for _, text in EXPRESSIONS])
def test_a_type_is_an_expression(annotation: Any, text: str) -> None:
    # Their module is where `Mood` has its name.
    types = Types([annotation, Pet], [])
    assert types.text(annotation) == text


# --- structs --------------------------------------------------------------------------------------


def declared(said: Sequence[Any] = (), asked: Sequence[Any] = ()) -> str:
    return "\n".join(*Types(said, asked).declarations().values()) + "\n"


def test_what_is_said_has_all_keys_but_those_that_may_be_left_out() -> None:
    assert (
        declared(said=[Greeting])
        == inspect.cleandoc(
            """
        /**
         * One line.
         *
         * And another.
         */
        export interface Greeting {
          type: "hello";
          from: string;
          seen_at: string | null;
          reply_to?: number;
          tags: string[];
        }
        """
        )
        + "\n"
    )


def test_what_is_asked_may_lack_every_key_that_has_a_default() -> None:
    assert "  reply_to?: number;\n  tags?: string[];\n" in declared(asked=[Greeting])


def test_a_default_that_is_not_encoded_may_be_missing_on_either_side() -> None:
    assert "  new?: number;\n" in declared(said=[Sparse])


def test_a_struct_that_goes_both_ways_is_declared_twice_if_that_matters() -> None:
    text = declared(said=[Owner], asked=[Owner])
    assert "export interface Owner {\n  pets: Pet[];\n}" in text
    assert "export interface OwnerInput {\n  pets: PetInput[];\n}" in text
    assert "export interface Pet {\n  name: string;\n  mood: Mood;\n}" in text
    assert "export interface PetInput {\n  name: string;\n  mood?: Mood;\n}" in text
    assert "Input" not in declared(said=[Sparse], asked=[Sparse])


def test_literals_that_have_a_name_are_declared_by_it() -> None:
    assert 'export type Mood = "well" | "ill";\n' in declared(said=[Pet])


def test_an_empty_object_has_no_keys() -> None:
    assert declared(said=[Nothing]) == "export type Nothing = Record<string, never>;\n"


def test_what_a_text_holds_is_declared_as_well() -> None:
    assert "interface Sparse" in declared(
        said=[list[Annotated[str, Meta(extra={"json_of": Sparse})]]]
    )


def test_an_array_in_place_of_an_object_is_no_type_of_ours() -> None:
    with pytest.raises(TypeError, match="Pair"):
        declared(said=[Pair])


def note(module: str, kind: type = str) -> type[Struct]:
    return defstruct("Note", [("text", kind)], module=module)


def test_namesakes_of_different_parts_are_told_apart_by_these() -> None:
    chat, nearby = note("quad.chat.outgoing"), note("quad.nearby.people")
    assert Types([chat], []).text(chat) == "Note"
    types = Types([chat, nearby], [])
    assert [types.text(chat), types.text(nearby)] == ["ChatNote", "NearbyNote"]


def test_namesakes_of_one_part_are_one_if_they_are_alike() -> None:
    namesakes = [note("quad.chat.outgoing"), note("quad.chat.events")]
    assert Types(namesakes, []).declarations() == {
        "chat": ["export interface Note {\n  text: string;\n}"]
    }
    with pytest.raises(TypeError, match="needs a name of its own"):
        Types([*namesakes, note("quad.chat.state", int)], [])


# --- layout ---------------------------------------------------------------------------------------


def test_what_is_too_long_for_a_line_is_broken_as_prettier_would() -> None:
    words = [f'"{letter * 20}"' for letter in "abcde"]
    assert declare_type("Word", " | ".join(words[:4])) == (
        "export type Word =\n  " + " | ".join(words[:4]) + ";"
    )
    assert declare_type("Word", " | ".join(words)) == (
        "export type Word =\n" + "\n".join(f"  | {word}" for word in words) + ";"
    )
    assert member("word", " | ".join(words[:2])) == f"  word: {words[0]} | {words[1]};"
    assert member("word", " | ".join(words), "?") == (
        "  word?:\n" + "\n".join(f"    | {word}" for word in words) + ";"
    )


def test_a_function_too_long_for_a_line_has_a_line_for_each_parameter() -> None:
    assert function("room/join", ["payload: JoinRoom"]) == (
        '  "room/join": (payload: JoinRoom) => void;'
    )
    long = f"payload: {'Join' * 20}"
    assert function("join", [long, "ack?: Ack"]) == (
        f"  join: (\n    {long},\n    ack?: Ack,\n  ) => void;"
    )


def test_a_docstring_cannot_end_its_comment() -> None:
    assert comment("Look: */ here.") == "/** Look: * / here. */\n"
    assert comment(None) == ""


# --- what the server hears and says ---------------------------------------------------------------


def make_server() -> SocketServer:
    server = SocketServer()

    @server.on("pet/add")
    async def add(client: Client, pet: Pet) -> Pet:
        return pet

    @server.on("pet/forget", overlap=True)
    def forget(client: Client, which: Sparse) -> None:
        """Forget one, or the last."""

    return server


@get("/pets/{owner:str}", sync_to_thread=False)
def show_pets(
    owner: FromPath[str],
    request: Request[Any, Any, Any],
    limit: Annotated[int, Parameter(ge=1)] = 9,
) -> list[Pet]:
    """All of them."""
    return []


@post("/pets/{owner:str}", sync_to_thread=False)
def add_pet(owner: FromPath[str], data: JSONBody[Pet | list[Pet]]) -> Response[None]:
    return Response(None)


@get("/page", sync_to_thread=False, include_in_schema=False)
def page() -> Response[str]:
    return Response("")


def explain(request: Request[Any, Any, Any], error: Exception) -> Response[Sparse]:
    return Response(Sparse())


def test_all_is_read_from_the_server_and_its_routes() -> None:
    application = Litestar([show_pets, add_pet, page], exception_handlers={ValueError: explain})
    heard = events_of(make_server())["web"]
    wire = Wire(
        heard={"pets": heard},
        said={"pets": {"pet/gone": Pet, "tick": None}},
        frames_heard=(Greeting,),
        frames_said=(Greeting,),
        error=ErrorPayload,
        routes=routes_of(application),
        refusals=refusals_of(application),
    )
    assert list(blocks(declare(wire), "Pets", "Chat", "Rest")) == [
        "export type ChatAsked = GreetingInput;",
        "export type ChatSaid = Greeting;",
        "export interface PetsClientEvents {",
        '  "pet/add": (payload: PetInput, ack?: Ack<Pet>) => void;',
        '  "pet/forget": (payload?: Sparse, ack?: Ack) => void;',
        "}",
        "export interface PetsServerEvents {",
        "  error: (payload: ErrorPayload) => void;",
        '  "pet/gone": (payload: Pet) => void;',
        "  tick: () => void;",
        "}",
        "export interface RestRoutes {",
        "  /** All of them. */",
        '  "GET /pets/{owner}": {',
        "    query: {",
        "      limit?: number;",
        "    };",
        "    body: undefined;",
        "    answer: Pet[];",
        "  };",
        '  "POST /pets/{owner}": {',
        "    body: PetInput | PetInput[];",
        "    answer: undefined;",
        "  };",
        "}",
    ]


def blocks(text: str, *names: str) -> Iterator[str]:
    """The lines of the declarations whose names begin so."""
    is_wanted = False
    for line in text.splitlines():
        if line.startswith("export"):
            is_wanted = line.split()[2].startswith(names)
        if is_wanted and line and not line.startswith(("/", " *")):
            yield line


# --- refusals -------------------------------------------------------------------------------------

SAMPLES: Mapping[Any, Any] = {
    str: "x",
    list[str]: ["x"],
    int: 7,
    float: 1.5,
    Reason: "empty",
    BaseException | None: OutcomeUnknown(),
}


def refusals(kind: type[Refused] = Refused) -> Iterator[Refused]:
    """One of each kind that finds its details itself."""
    for each in kind.__subclasses__():
        if each.__module__.startswith("quad.") and "__init__" in vars(each):
            parameters = inspect.signature(each, eval_str=True).parameters.values()
            yield each(**{given.name: SAMPLES[given.annotation] for given in parameters})
        yield from refusals(each)


def full_name(refused: Refused) -> str:
    return f"{type(refused).__module__}.{type(refused).__name__}"


REFUSALS = [
    *sorted(refusals(), key=full_name),
    Internal("A bug", id="1f2e3d4c"),
]


@pytest.mark.parametrize("refused", REFUSALS, ids=full_name)
def test_every_detail_of_a_refusal_is_declared(refused: Refused) -> None:
    details = {"code": refused.code, **refused.details}
    check_outgoing({"message": str(refused), "event": "text", **details}, ErrorPayload)
    if not full_name(refused).startswith("quad.classroom."):  # a class has no raw WebSocket
        check_outgoing(
            {"type": "error", "detail": str(refused), "operation": None, **details}, ChatError
        )
