"""From Python's types to TypeScript's, always in the same order.

`Meta(extra=...)` may say more of a type: `checked_as` is what a rule demands of a value that is
decoded as something wider; `json_of` is what a text holds, which is then declared as well.

A struct becomes an interface. What clients send and what the server says differ in one thing: keys
with a default may be left out of the former, and are always in the latter (unless the struct omits
them). A struct that goes both ways with such keys is declared twice: `File` and `FileInput`.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import msgspec.inspect as shapes
from msgspec import NODEFAULT

from tools.types.text import comment, declare_interface, declare_type, literal, member, union

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


class Alias(NamedTuple):
    """A union of literals that has a name."""

    name: str
    module: str
    values: tuple[object, ...]


class Types:
    """The names of all structs that are said or asked, and the declarations of these."""

    def __init__(self, said: Iterable[Any], asked: Iterable[Any]) -> None:
        """`said` are the types of what the server says, `asked` of what clients send.

        Raises:
            TypeError: two structs of one part of the package differ and have one name.
        """
        self._said = _structs(said)
        self._asked = _structs(asked)
        structs = {**self._said, **self._asked}
        self._names = _names(structs.values())
        self._aliases = _aliases(structs)
        self._used: set[Alias] = set()

    def text(self, annotation: object, *, is_asked: bool = False) -> str:
        """A type as an expression."""
        return self._text(shapes.type_info(annotation), is_asked=is_asked)

    def declarations(self) -> dict[str, list[str]]:
        """All declarations by name, by the part of the package that they come from."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for structs, is_asked in ((self._said, False), (self._asked, True)):
            for struct in structs.values():
                name = self._name(struct, is_asked=is_asked)
                found[part_of(struct.cls.__module__)][name] = self._declare(
                    struct, is_asked=is_asked
                )
        for alias in self._used:
            text = union(map(literal, alias.values))
            found[part_of(alias.module)][alias.name] = declare_type(alias.name, text)
        return {part: [texts[name] for name in sorted(texts)] for part, texts in found.items()}

    # Structs

    def _declare(self, struct: shapes.StructType, *, is_asked: bool) -> str:
        name, members = (
            self._name(struct, is_asked=is_asked),
            list(self._members(struct, is_asked=is_asked)),
        )
        if members:
            return comment(struct.cls.__doc__) + declare_interface(name, members)
        return comment(struct.cls.__doc__) + declare_type(name, "Record<string, never>")

    def _members(self, struct: shapes.StructType, *, is_asked: bool) -> Iterator[str]:
        if struct.array_like:
            raise TypeError(f"{struct.cls.__name__} is an array on the wire")
        if struct.tag_field is not None:
            yield member(struct.tag_field, literal(struct.tag))
        for field in struct.fields:
            mark = "?" if _may_be_missing(struct, field, is_asked=is_asked) else ""
            yield member(field.encode_name, self._text(field.type, is_asked=is_asked), mark)

    def _name(self, struct: shapes.StructType, *, is_asked: bool) -> str:
        is_variant = is_asked and struct.cls in self._said and _varies(struct)
        return self._names[struct.cls] + ("Input" if is_variant else "")

    # Expressions

    def _text(self, shape: shapes.Type, *, is_asked: bool) -> str:
        match shape:
            case shapes.Metadata(extra={"checked_as": annotation}):
                return self.text(annotation, is_asked=is_asked)
            case shapes.Metadata(type=inner):
                return self._text(inner, is_asked=is_asked)
            case shapes.StructType():
                return self._name(shape, is_asked=is_asked)
            case shapes.UnionType(types=types):
                return union(self._text(each, is_asked=is_asked) for each in types)
            case shapes.LiteralType(values=values):
                return self._literal(values)
            case shapes.EnumType(cls=enum):
                return union(literal(each.value) for each in enum)
            case shapes.DictType(value_type=values):
                return f"Record<string, {self._text(values, is_asked=is_asked)}>"
            case shapes.TupleType(item_types=items):
                return f"[{', '.join(self._text(item, is_asked=is_asked) for item in items)}]"
            case (
                shapes.ListType(item_type=item)
                | shapes.VarTupleType(item_type=item)
                | shapes.SetType(item_type=item)
                | shapes.FrozenSetType(item_type=item)
            ):
                text = self._text(item, is_asked=is_asked)
                return f"({text})[]" if " | " in text else f"{text}[]"
            case _ if type(shape) in _PLAIN:
                return _PLAIN[type(shape)]
            case _:
                raise TypeError(f"there is no type for {shape}")

    def _literal(self, values: Sequence[object]) -> str:
        alias = self._aliases.get(frozenset(values))
        if alias is None:
            return union(map(literal, values))
        self._used.add(alias)
        return alias.name


def part_of(module: str) -> str:
    """The part of the package that a module belongs to: `chat` for `quad.chat.events`."""
    return [*module.split("."), ""][1]


def _structs(annotations: Iterable[Any]) -> dict[type, shapes.StructType]:
    """Every struct in these types, by name."""
    found: dict[type, shapes.StructType] = {}
    for annotation in annotations:
        _gather(shapes.type_info(annotation), found)
    return dict(sorted(found.items(), key=lambda item: (item[0].__name__, item[0].__module__)))


def _gather(shape: object, found: dict[type, shapes.StructType]) -> None:
    match shape:
        case shapes.StructType():
            if shape.cls not in found:
                found[shape.cls] = shape
                for field in shape.fields:
                    _gather(field.type, found)
        case shapes.Metadata(extra={"checked_as": annotation} | {"json_of": annotation}):
            _gather(shapes.type_info(annotation), found)
        case tuple():
            for each in shape:
                _gather(each, found)
        case shapes.Type():
            for name in shape.__struct_fields__:
                _gather(getattr(shape, name), found)


def _may_be_missing(struct: shapes.StructType, field: shapes.Field, *, is_asked: bool) -> bool:
    if field.required:
        return False
    # `UNSET` is the one default that is not a value: such a key is left out.
    has_value = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
    return is_asked or not has_value or struct.cls.__struct_config__.omit_defaults


def _varies(struct: shapes.StructType) -> bool:
    """Whether clients may leave out what the server never does, here or further down."""
    return any(
        _may_be_missing(each, field, is_asked=True) != _may_be_missing(each, field, is_asked=False)
        for each in _structs([struct.cls]).values()
        for field in each.fields
    )


def _names(structs: Iterable[shapes.StructType]) -> dict[type, str]:
    """The name of each class: its own, after that of its part where several parts have it."""
    by_name: dict[str, list[shapes.StructType]] = defaultdict(list)
    for struct in structs:
        by_name[struct.cls.__name__].append(struct)
    names: dict[type, str] = {}
    for name, namesakes in by_name.items():
        fields: dict[str, Sequence[shapes.Field]] = {}
        for struct in namesakes:
            part = part_of(struct.cls.__module__)
            if fields.setdefault(part, struct.fields) != struct.fields:
                raise TypeError(f"{struct.cls} needs a name of its own")
            names[struct.cls] = name
        if len(fields) > 1:
            names |= {
                struct.cls: part_of(struct.cls.__module__).capitalize() + name
                for struct in namesakes
            }
    return names


def _aliases(classes: Iterable[type]) -> dict[frozenset[object], Alias]:
    """Every union of literals that has a name in a module of these classes."""
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
