"""What is used of other libraries beyond their documented interfaces, as they have it today.

`pyproject.toml` bounds their versions: a newer one is let in when this passes with it.
"""

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

import httptools
import pytest
import uvicorn
import websockets.speedups
import websockets.utils
from sqlalchemy.sql import ClauseElement
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from websockets.protocol import Protocol, Side, State


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


async def nobody(scope: Any, receive: Any, send: Any) -> None: ...


def protocol() -> HttpToolsProtocol:
    config = uvicorn.Config(nobody, http=HttpToolsProtocol, log_config=None, interface="asgi3")
    config.load()
    state = uvicorn.Server(config).server_state
    return HttpToolsProtocol(config=config, server_state=state, app_state={})


async def test_uvicorn_makes_a_protocol_of_these_parts() -> None:
    made = protocol()
    assert {"config", "server_state", "app_state", "_loop"} <= set(parameters(type(made)))
    for name in (
        *("app", "client", "connections", "cycle", "expect_100_continue", "flow", "headers"),
        *("loop", "parser", "scheme", "scope", "server", "server_state", "tasks", "transport"),
        "timeout_keep_alive_task",
    ):
        assert hasattr(made, name), name
    for name in (
        *("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body"),
        *("on_message_complete", "on_response_complete", "connection_made", "connection_lost"),
        *("shutdown", "_start_asgi_task", "_get_upgrade", "_unset_keepalive_if_required"),
    ):
        assert callable(getattr(made, name)), name
    assert parameters(made._start_asgi_task) == ["cycle", "app"]


def test_a_cycle_of_uvicorn_can_be_told_that_its_client_is_gone() -> None:
    source = inspect.getsource(RequestResponseCycle.__init__)
    for name in (
        *("disconnected", "keep_alive", "message_event", "on_response", "response_complete"),
        *("response_started", "scope", "transport"),
    ):
        assert f"self.{name}" in source, name


def test_the_flow_control_of_uvicorn_is_made_of_a_transport() -> None:
    assert parameters(FlowControl) == ["transport"]
    for name in ("pause_reading", "resume_reading", "pause_writing", "resume_writing"):
        assert callable(getattr(FlowControl, name))


def test_a_server_of_uvicorn_can_be_driven_from_outside() -> None:
    config = uvicorn.Config(nobody, log_config=None)
    config.load()
    server = uvicorn.Server(config)
    assert parameters(server.startup) == ["sockets"]
    assert parameters(server.on_tick) == ["counter"]
    assert {"connections", "tasks", "default_headers"} <= set(vars(server.server_state))
    assert {"startup", "shutdown"} <= set(dir(config.lifespan_class))


def test_the_parser_of_httptools_lets_a_request_follow_the_last() -> None:
    parser = httptools.HttpRequestParser(object())
    parser.set_dangerous_leniencies(lenient_data_after_close=True)


def test_websockets_parses_and_writes_without_a_connection() -> None:
    parser = Protocol(Side.SERVER, state=State.OPEN)
    parser.send_text(b"hi", fin=True)
    assert b"".join(parser.data_to_send()) == b"\x81\x02hi"


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 130])
def test_frames_are_unmasked_also_without_the_extension_in_c(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked = websockets.speedups.apply_mask
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    without = importlib.reload(importlib.import_module("websockets.utils"))
    try:
        data, mask = bytes(range(length)), b"\x01\x02\x03\x04"
        assert without.apply_mask(data, mask) == masked(data, mask)
    finally:
        monkeypatch.undo()
        importlib.reload(websockets.utils)


def test_sqlalchemy_asks_a_statement_to_execute_itself() -> None:
    names = parameters(ClauseElement._execute_on_connection)
    assert names == ["self", "connection", "distilled_params", "execution_options"]


async def test_a_future_says_that_it_is_awaited() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    yielded = next(future.__await__())
    assert yielded is future
    assert future._asyncio_future_blocking
    future.cancel()
