"""From a function's signature to the types of an event's arguments."""

import inspect
from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Any, get_type_hints

import msgspec

from quad.realtime.counters import EventCounter
from quad.realtime.dispatch import Handler
from quad.realtime.errors import BadPayload
from quad.wire.socketio import Event

_NOTHING = inspect.Parameter.empty
_EMPTY_OBJECT = b"{}"


class EventHandler(Handler):
    """A function that handles one event, and how its arguments are decoded."""

    __slots__ = ("_decode_event", "_decode_only", "_more", "_parameters", "plain")

    def __init__(
        self,
        event: str,
        function: Callable[..., Any],
        counter: EventCounter,
        *,
        is_overlapping: bool,
        is_deferred: bool = False,
    ) -> None:
        """Read the types off the function's parameters; the first one is the client.

        The last one of a deferred function is what it has to call. Coroutines of what overlaps run
        without a task: they come by the ten thousand.

        Raises:
            TypeError: a parameter after the client has no annotation.
        """
        super().__init__(
            event,
            function,
            counter,
            is_overlapping=is_overlapping,
            is_deferred=is_deferred,
            is_driven=is_overlapping,
        )
        hints = get_type_hints(function)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        if is_deferred:
            parameters.pop()
        self._parameters: list[_Parameter] = []
        self._more: _Parameter | None = None
        for parameter in parameters:
            if parameter.name not in hints:
                raise TypeError(f"{event}: the parameter {parameter.name!r} needs a type")
            typed = _Parameter(hints[parameter.name], is_optional=parameter.default is not _NOTHING)
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                self._more = typed
            else:
                self._parameters.append(typed)
        is_single = len(self._parameters) == 1 and self._more is None
        self._decode_only = self._parameters[0].decode if is_single else None
        self._decode_event = _event_decoder(self._parameters[0].annotation) if is_single else None
        self.plain = Event("/", event, [])
        """Stands for every event that `decode_plain` has taken."""

    def decode_plain(self, data: str) -> tuple[Any, ...] | None:
        """The argument after the client, from the array of an event that has exactly one.

        None for anything else, and for what is not valid: `socketio.decode` and `decode` find out
        what it is. Measured, they need twice the time for the array and what is in it one by one.
        """
        if self._decode_event is None:
            return None
        try:
            return self._decode_event(data)[1:]
        except (msgspec.MsgspecError, RecursionError):
            return None

    def decode(self, raw: Sequence[msgspec.Raw]) -> list[Any]:
        """The arguments after the client, from JSON. More than are declared are ignored.

        Raises:
            BadPayload: one is missing or of another type; the sentence names event and key.
        """
        if self._decode_only is None or not raw:
            return self._convert(raw, _decode)
        # Nearly every event: one argument. Measured, this is a third of `_convert`.
        try:
            return [self._decode_only(raw[0])]
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self._bad_payload(error) from None

    def convert(self, values: Sequence[Any] | BadPayload) -> list[Any]:
        """The arguments after the client, from values that may hold bytes.

        Raises:
            BadPayload: as for `decode`, or what was found wrong before.
        """
        if isinstance(values, BadPayload):
            raise BadPayload(f"{self.name}: {values}")
        return self._convert(values, _convert)

    def _convert(
        self, given: Sequence[Any], convert: Callable[["_Parameter", Any], Any]
    ) -> list[Any]:
        parameters = self._parameters
        try:
            arguments = [
                convert(parameter, value)
                for parameter, value in zip(parameters, given, strict=False)
            ]
            for parameter in parameters[len(given) :]:
                if parameter.is_optional:
                    break
                arguments.append(parameter.decode(_EMPTY_OBJECT))
            if self._more is not None:
                arguments += [convert(self._more, value) for value in given[len(parameters) :]]
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self._bad_payload(error) from None
        return arguments

    def _bad_payload(self, error: Exception) -> BadPayload:
        return BadPayload(f"{self.name}: {explain(error)}")


def _event_decoder(annotation: object) -> Callable[[str], tuple[Any, ...]]:
    return msgspec.json.Decoder(GenericAlias(tuple, (str, annotation))).decode


class _Parameter:
    __slots__ = ("annotation", "decode", "is_optional")

    def __init__(self, annotation: object, *, is_optional: bool) -> None:
        self.annotation = annotation
        self.is_optional = is_optional
        self.decode: Callable[[Any], Any] = msgspec.json.Decoder(annotation).decode


def _decode(parameter: _Parameter, raw: msgspec.Raw) -> object:
    return parameter.decode(raw)


def _convert(parameter: _Parameter, value: object) -> object:
    return msgspec.convert(value, parameter.annotation)


def explain(error: Exception) -> str:
    """What is wrong with a payload, in words for whoever wrote the client."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    # "$" is the root in msgspec's paths; people know the key's name.
    return str(error).replace("`$.", "`").replace("at `$`", "in the payload")
