"""From Python's types to TypeScript's: text in the style of Prettier, always in the same order.

A struct becomes an interface. What clients send and what the server says differ in one thing: keys
with a default may be left out of the former, and are always in the latter (unless the struct omits
them). A struct that goes both ways with such keys is declared twice: `File` and `FileInput`.
"""

import inspect
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import msgspec.inspect as shapes
from msgspec import NODEFAULT

_WIDTH: Final = 100
_PLAIN: Final[Mapping[type[shapes.Type], str]] = {
    shapes.AnyType: "unknown",
    shapes.RawType: "unknown",
    shapes.NoneType: "null",
    shapes.BoolType: "boolean",
    shapes.IntType: "number",
    shapes.FloatType: "number",
    shapes.StrType: "string",
    shapes.DateTimeType: "string",
    shapes.DateType: "string",
    shapes.UUIDType: "string",
}
_LISTS: Final = (shapes.ListType, shapes.VarTupleType, shapes.SetType, shapes.FrozenSetType)


class Alias(NamedTuple):
    """A union of literals that has a name."""

    name: str
    module: str
    values: tuple[object, ...]


class Types:
    """The names of all structs that are said or asked, and the declarations of these."""

    def __init__(self, said: Iterable[Any], asked: Iterable[Any]) -> None:
        """`said` are the types of what the server says, `asked` of what clients send."""
        self._said = _structs(said)
        self._asked = _structs(asked)
        structs = {**self._said, **self._asked}
        self._names = _names(structs.values())
        self._aliases = _aliases(structs)
        self._used: dict[str, Alias] = {}

    def text(self, annotation: Any, *, is_asked: bool = False) -> str:
        """A type as an expression."""
        return self._text(shapes.type_info(annotation), is_asked)

    def declarations(self) -> dict[str, list[str]]:
        """The text of each declaration, by the part of the package that it comes from."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for struct in self._said.values():
            found[part_of(struct.cls.__module__)][self._names[struct.cls]] = self._declare(
                struct, is_asked=False
            )
        for struct in self._asked.values():
            name = self._name(struct, is_asked=True)
            found[part_of(struct.cls.__module__)].setdefault(
                name, self._declare(struct, is_asked=True)
            )
        for alias in self._used.values():
            text = union([json.dumps(value) for value in alias.values])
            found[part_of(alias.module)][alias.name] = declare_type(alias.name, text)
        return {part: [texts[name] for name in sorted(texts)] for part, texts in found.items()}

    # Structs

    def _declare(self, struct: shapes.StructType, *, is_asked: bool) -> str:
        name, doc = self._name(struct, is_asked=is_asked), struct.cls.__doc__
        lines = list(self._fields(struct, is_asked))
        if not lines:
            return comment(doc) + declare_type(name, "Record<string, never>")
        return comment(doc) + declare_interface(name, lines)

    def _fields(self, struct: shapes.StructType, is_asked: bool) -> Iterator[str]:
        if struct.array_like:
            raise TypeError(f"{struct.cls.__name__} is an array on the wire: not supported")
        if struct.tag_field is not None:
            yield member(struct.tag_field, json.dumps(struct.tag))
        for field in struct.fields:
            mark = "?" if _is_optional(struct, field, is_asked) else ""
            yield member(field.encode_name, self._text(field.type, is_asked), mark)

    def _name(self, struct: shapes.StructType, *, is_asked: bool) -> str:
        name = self._names[struct.cls]
        if is_asked and struct.cls in self._said and _varies(struct):
            return f"{name}Input"
        return name

    # Expressions

    def _text(self, shape: shapes.Type, is_asked: bool) -> str:
        match shape:
            case shapes.Metadata(type=inner):
                return self._text(inner, is_asked)
            case shapes.StructType():
                return self._name(shape, is_asked=is_asked)
            case shapes.UnionType(types=types):
                return union([self._text(each, is_asked) for each in types])
            case shapes.LiteralType(values=values):
                return self._literal(values)
            case shapes.EnumType(cls=enum):
                return union([json.dumps(each.value) for each in enum])
            case shapes.DictType(value_type=values):
                return f"Record<string, {self._text(values, is_asked)}>"
            case shapes.TupleType(item_types=items):
                return f"[{', '.join(self._text(each, is_asked) for each in items)}]"
            case _ if isinstance(shape, _LISTS):
                item = self._text(shape.item_type, is_asked)
                return f"({item})[]" if " | " in item else f"{item}[]"
            case _:
                return _PLAIN[type(shape)]

    def _literal(self, values: Sequence[object]) -> str:
        alias = self._aliases.get(frozenset(values))
        if alias is None:
            return union([json.dumps(value) for value in values])
        self._used[alias.name] = alias
        return alias.name


def part_of(module: str) -> str:
    """The part of the package that a module belongs to: `chat` for `quad.chat.events`."""
    return [*module.split("."), ""][1]


# Text


def declare_interface(name: str, lines: Sequence[str]) -> str:
    """An interface of members."""
    return "\n".join([f"export interface {name} {{", *lines, "}"])


def declare_type(name: str, text: str) -> str:
    """A name for an expression."""
    line = f"export type {name} = {text};"
    if len(line) <= _WIDTH or " | " not in text:
        return line
    return "\n".join([f"export type {name} =", *_broken(text, "  ")]) + ";"


def member(name: str, text: str, mark: str = "") -> str:
    """A line, or more, of an interface; `mark` is `?` if the member may be missing."""
    key = name if name.isidentifier() else json.dumps(name)
    line = f"  {key}{mark}: {text};"
    if len(line) <= _WIDTH or " | " not in text:
        return line
    return "\n".join([f"  {key}{mark}:", *_broken(text, "    ")]) + ";"


def _broken(text: str, indent: str) -> list[str]:
    if len(indent + text) < _WIDTH:
        return [indent + text]
    return [f"{indent}| {part}" for part in text.split(" | ")]


def comment(doc: str | None, indent: str = "") -> str:
    """A docstring as a comment, with the end of its last line."""
    if not doc:
        return ""
    lines = inspect.cleandoc(doc).replace("*/", "* /").splitlines()
    if len(lines) == 1 and len(indent + lines[0]) + len("/** */") < _WIDTH:
        return f"{indent}/** {lines[0]} */\n"
    starred = [f"{indent} * {line}".rstrip() for line in lines]
    return "\n".join([f"{indent}/**", *starred, f"{indent} */", ""])


def union(texts: Iterable[str]) -> str:
    """One of these; null comes last."""
    return " | ".join(sorted(dict.fromkeys(texts), key=lambda text: text == "null"))


# Shapes


def _structs(annotations: Iterable[Any]) -> dict[type, shapes.StructType]:
    """Every struct in these types, in the order of their names."""
    found: dict[type, shapes.StructType] = {}
    for annotation in annotations:
        _gather(shapes.type_info(annotation), found)
    return dict(sorted(found.items(), key=lambda item: (item[0].__name__, item[0].__module__)))


def _gather(shape: Any, found: dict[type, shapes.StructType]) -> None:
    match shape:
        case shapes.StructType(cls=cls) if cls in found:
            return
        case shapes.StructType(cls=cls, fields=fields):
            found[cls] = shape
            for field in fields:
                _gather(field.type, found)
        case tuple():
            for each in shape:
                _gather(each, found)
        case shapes.Type():
            for name in shape.__struct_fields__:
                value = getattr(shape, name)
                if isinstance(value, (shapes.Type, tuple)):
                    _gather(value, found)


def _is_optional(struct: shapes.StructType, field: shapes.Field, is_asked: bool) -> bool:
    if field.required:
        return False
    # A default that is no default is `UNSET`: then the key is left out.
    has_value = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
    return is_asked or not has_value or struct.cls.__struct_config__.omit_defaults


def _varies(struct: shapes.StructType) -> bool:
    """Whether clients may leave out what the server never does, here or further down."""
    return any(
        _is_optional(each, field, True) != _is_optional(each, field, False)
        for each in _structs([struct.cls]).values()
        for field in each.fields
    )


def _names(structs: Iterable[shapes.StructType]) -> dict[type, str]:
    """The name of each class; those of other parts with the same one are told apart by the part."""
    by_name: dict[str, list[shapes.StructType]] = defaultdict(list)
    for struct in structs:
        by_name[struct.cls.__name__].append(struct)
    names: dict[type, str] = {}
    for name, same in by_name.items():
        parts = {part_of(struct.cls.__module__) for struct in same}
        for struct in same:
            part = part_of(struct.cls.__module__)
            names[struct.cls] = name if len(parts) == 1 else part.capitalize() + name
            for other in same:
                if part_of(other.cls.__module__) == part and other.fields != struct.fields:
                    raise TypeError(f"{struct.cls} and {other.cls} need different names")
    return names


def _aliases(classes: Iterable[type]) -> dict[frozenset[object], Alias]:
    """Every union of literals that a module of these classes gives a name."""
    found: dict[frozenset[object], Alias] = {}
    modules = {base.__module__ for cls in classes for base in cls.__mro__}
    for module in sorted(modules):
        for alias in _named_literals(sys.modules[module]):
            found.setdefault(frozenset(alias.values), alias)
    return found


def _named_literals(module: ModuleType) -> Iterator[Alias]:
    for name, value in sorted(vars(module).items()):
        if get_origin(value) is Literal and not name.startswith("_"):
            yield Alias(name, module.__name__, get_args(value))
