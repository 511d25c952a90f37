"""What all systems say when nobody knows whether something was saved."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from quad.server import serving
from quad.settings import load
from quad.store import DOUBT, OutcomeUnknown, Store, StoreUnavailable
from tests.classroom.school import enter

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize(("error", "is_doubt"), [(OutcomeUnknown, True), (StoreUnavailable, False)])
async def test_nobody_is_told_that_nothing_was_saved_when_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[StoreUnavailable], is_doubt: bool
) -> None:
    def write(store: Store, *changes: object) -> "asyncio.Future[None]":
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed.set_exception(error())
        failed.exception()
        return failed

    environment = {"QUAD_PORT": "0", "QUAD_DATA": str(tmp_path), "QUAD_ADMIN_PASSWORD": PASSWORD}
    async with (
        serving(load(environment=environment)) as url,
        httpx.AsyncClient(base_url=url) as http,
        connect(url.replace("http", "ws") + "/chat/ws") as phone,
    ):
        teacher = await enter(url)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "write", write)
            await teacher.emit("room/create", {"name": "Ada"})
            classroom = await teacher.expect("error")
            alert = await http.post("/v1/rooms/hall/messages", content="Hello")
            user = {"name": "Ann", "phone": "+49 170-111"}
            await phone.send(json.dumps({"type": "register", "user": user, "protocol": 2}))
            chat: Any = json.loads(await phone.recv())
            hall = {
                "id": "hall",
                "name": "Hall",
                "latitude": 38.7,
                "longitude": -9.1,
                "radious": 50,
            }
            path = "/API/admin/buildings/add"
            nearby = await http.post(path, json=hall, auth=("admin", PASSWORD))
            assert (alert.status_code, nearby.status_code) == (503, 503), nearby.text
        await teacher.close()
    codes = [classroom["code"], chat["code"], alert.json()["code"], nearby.json()["code"]]
    assert codes == ["store_unavailable", "cannot_save", "store_unavailable", "store_unavailable"]
    for said in (classroom["message"], json.dumps(chat), alert.text, nearby.text):
        assert (DOUBT in said) is is_doubt, said


async def test_a_server_that_has_never_found_out_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores: list[Store] = []
    init = Store.__init__

    def remember(store: Store, *args: Any, **options: Any) -> None:
        stores.append(store)
        init(store, *args, **options)

    monkeypatch.setattr(Store, "__init__", remember)
    anew = asyncio.Event()
    environment = {"QUAD_PORT": "0", "QUAD_DATA": str(tmp_path)}
    async with serving(load(environment=environment), None, anew):
        assert not anew.is_set()
        stores[-1].on_unsure()
        assert anew.is_set()
