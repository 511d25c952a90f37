"""Import from Notion: which parts of a page become steps, and how the page is read."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from quad.classroom.model import LeftOut, Step
from quad.classroom.notion.fetch import FetchOptions
from quad.classroom.notion.html import Block, PageTooLong, Writer
from quad.classroom.notion.importer import NotionImporter, divide
from quad.classroom.notion.site import ImportFailed
from quad.classroom.tasks.html import sanitise
from tests.classroom.notion import PAGE, Notion, dashed, id_of
from tests.classroom.web import Request, Web, serving
from tests.patience import patience

OPTIONS = FetchOptions(hosts=["127.0.0.1"], allow_private=True)


@pytest.fixture
def notion() -> Notion:
    return Notion()


@pytest.fixture
async def web(notion: Notion) -> AsyncIterator[Web]:
    async with serving(notion) as web:
        yield web


async def load(web: Web, path: str = f"/Tasks-{PAGE}") -> list[Step]:
    return (await NotionImporter(OPTIONS).load(web.url(path))).steps


async def left_out(web: Web) -> Mapping[LeftOut, int]:
    return (await NotionImporter(OPTIONS).load(web.url(f"/Tasks-{PAGE}"))).left_out


async def contents(web: Web) -> dict[str, str | None]:
    return {step.name: step.content for step in await load(web)}


def parts(*blocks: tuple[str, str]) -> list[tuple[str, str]]:
    """Divides blocks of (type, title); a part comes back as its name and its titles."""
    written = [
        Block(str(number), kind, {"title": [[title]]})
        for number, (kind, title) in enumerate(blocks)
    ]
    return [
        (part.name, " ".join(block.properties["title"][0][0] for block in part.blocks))
        for part in divide(written)[0]
        if part.blocks
    ]


def test_named_headings_begin_steps() -> None:
    assert parts(
        ("text", "intro"),
        ("header", "Theory"),
        ("text", "a"),
        ("sub_header", "Задание 2. Циклы"),
        ("sub_sub_header", "Task 7"),
        ("divider", ""),
        ("header", "Task 1: Loops"),
        ("header", "Notes"),
        ("text", "b"),
    ) == [
        ("theory", "intro"),
        ("theory", "Theory a"),
        ("2", "Задание 2. Циклы Task 7 "),
        ("1", "Task 1: Loops Notes b"),
    ]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Theory", "theory"),
        ("📘 theory: numbers", "theory"),
        ("Теория", "theory"),
        ("Teoria", "theory"),
        ("Task 1", "1"),
        ("TASK №16", "16"),
        ("Task #3 - x", "3"),
        ("Task-04", "4"),
        ("Задача 5", "5"),
        ("задание6", "6"),
        ("Упражнение 7.", "7"),
        ("Exercício 8", "8"),
        ("1.", "1"),
        ("2) Loops", "2"),
        ("3", "3"),
        ("(4) x", "4"),
        ("Theoretical", None),
        ("Task", None),
        ("Task 0", None),
        ("Task 17", None),
        ("Task 100", None),
        ("3D", None),
        ("10 things", None),
        ("2024", None),
        ("The task 1", None),
        ("", None),
    ],
)
def test_a_step_is_named_by_a_word_or_a_number(title: str, name: str | None) -> None:
    found = parts(("header", "Theory"), ("header", title))[-1]
    assert found == ((name, title) if name else ("theory", f"Theory {title}"))


def test_dividers_divide_a_page_without_names() -> None:
    assert parts(
        ("header", "Loops"),
        ("text", "a"),
        ("divider", ""),
        ("text", " "),
        ("divider", ""),
        ("sub_header", "Lists"),
        ("divider", ""),
    ) == [("1", "Loops a"), ("2", "Lists")]


@pytest.mark.parametrize("level", ["header", "sub_header", "sub_sub_header", "page"])
def test_the_highest_headings_divide_a_page_without_names_and_dividers(level: str) -> None:
    blocks = [("text", "intro"), (level, "A"), ("text", "a"), (level, "B"), ("text", "b")]
    found = parts(*blocks)
    own = "" if level == "page" else "A "
    assert found[0] == ("theory", "intro")
    assert found[1] == ("1", f"{own}a")
    assert [name for name, _ in found] == ["theory", "1", "2"]


def test_lower_headings_stay_inside_their_task() -> None:
    assert parts(("sub_header", "A"), ("sub_sub_header", "a"), ("sub_header", "B")) == [
        ("1", "A a"),
        ("2", "B"),
    ]


def test_a_page_without_any_division_is_one_task() -> None:
    assert parts(("text", "a"), ("code", "b")) == [("1", "a b")]


@pytest.mark.parametrize("kind", ["header", "divider"])
def test_tasks_after_the_sixteenth_are_left_out(kind: str) -> None:
    blocks = [each for number in range(20) for each in ((kind, "h"), ("text", str(number)))]
    assert parts(*blocks)[-1][0] == "16"


async def test_a_page_becomes_steps(notion: Notion, web: Web) -> None:
    notion.page(
        "Lesson",
        notion.block("text", "Read this."),
        notion.block("header", "Task 1"),
        notion.block("text", "Write a loop."),
        notion.block("text", ""),
        notion.block("divider"),
        notion.block("header", "Task 2"),
        notion.block("code", "for i in range(3):\n    print(i < 3)"),
    )
    assert await load(web) == [
        Step("theory", "<p>Read this.</p>", type="theory"),
        Step("1", "<h1>Task 1</h1><p>Write a loop.</p>"),
        Step(
            "2",
            '<h1>Task 2</h1><pre class="ql-syntax" spellcheck="false">'
            "for i in range(3):\n    print(i &lt; 3)\n</pre>",
        ),
    ]
    assert notion.calls == ["loadPageChunk"]


async def test_sub_pages_are_read_and_stand_under_their_titles(notion: Notion, web: Web) -> None:
    theory = notion.page("Теория", notion.block("text", "t"), page_id="1" * 32)
    second = notion.page("Задание 2", notion.block("text", "b"), page_id="2" * 32)
    first = notion.page("Задание 1", notion.block("text", "a"), page_id="3" * 32)
    empty = notion.page("Задание 3", page_id="4" * 32)
    notion.page("Урок", theory, second, notion.block("text", "more b"), first, empty)
    assert await contents(web) == {
        "theory": "<h1>Теория</h1><p>t</p>",
        "1": "<h1>Задание 1</h1><p>a</p>",
        "2": "<h1>Задание 2</h1><p>b</p><p>more b</p>",
    }
    assert notion.calls == ["loadPageChunk"] * 5


async def test_what_is_dangerous_is_gone_from_every_step(notion: Notion, web: Web) -> None:
    link = [["a", [["a", "javascript:alert(1)"]]]]
    sub_page = notion.page("Task 2", notion.block("text", link), page_id="1" * 32)
    notion.page(
        "Lesson",
        notion.block("text", link),
        notion.block("header", "Task 1"),
        notion.block("text", link),
        sub_page,
    )
    steps = await load(web)
    assert [step.name for step in steps] == ["theory", "1", "2"]
    assert not any("javascript" in (step.content or "") for step in steps)


async def test_a_sub_page_that_is_not_public_is_left_out(notion: Notion, web: Web) -> None:
    hidden = notion.page("Task 1", notion.block("text", "a"), page_id="1" * 32)
    shown = notion.page("Task 2", notion.block("text", "b"), page_id="2" * 32)
    notion.page("Lesson", hidden, shown)
    answer = notion._chunk

    def chunk(body: Mapping[str, Any]) -> dict[str, Any]:
        return answer({"page": {"id": "?"}} if body["page"]["id"] == hidden else body)

    notion._chunk = chunk  # type: ignore[method-assign]
    assert await contents(web) == {"2": "<h1>Task 2</h1><p>b</p>"}


async def test_a_long_page_is_read_chunk_by_chunk(notion: Notion, web: Web) -> None:
    notion.chunk = 3
    notion.page("Lesson", *(notion.block("text", str(number)) for number in range(10)))
    expected = "".join(f"<p>{number}</p>" for number in range(10))
    assert await contents(web) == {"1": expected}
    assert notion.calls == ["loadPageChunk"] * 4


async def test_chunks_that_bring_nothing_new_are_given_up(notion: Notion, web: Web) -> None:
    notion.page("Lesson", notion.block("text", "x"))
    answer = notion._chunk
    circle = {"cursor": {"stack": [{"index": 0}]}}
    notion._chunk = lambda body: answer(body) | circle  # type: ignore[method-assign]
    assert await contents(web) == {"1": "<p>x</p>"}
    assert notion.calls == ["loadPageChunk"] * 4


async def test_a_very_long_page_comes_whole_by_chunks(notion: Notion, web: Web) -> None:
    notion.page("Lesson", *(notion.block("text", "x") for _ in range(3_000)))
    assert (await load(web))[0].content == "<p>x</p>" * 3_000
    assert await left_out(web) == {}


async def test_a_very_long_page_comes_whole_without_chunks(notion: Notion, web: Web) -> None:
    notion.page("Lesson", *(notion.block("text", "x") for _ in range(1_200)))
    notion.withheld = set(notion.blocks) - {dashed(PAGE)}
    assert (await load(web))[0].content == "<p>x</p>" * 1_200
    assert notion.calls == ["loadPageChunk"] + ["syncRecordValuesMain"] * 12


async def test_the_original_of_a_synced_block_may_be_on_another_page(
    notion: Notion, web: Web
) -> None:
    original = notion.block("transclusion_container", None, [notion.block("text", "shared")])
    pointers = [{"table": "block", "id": each} for each in (original, id_of(7_777))]
    notion.page(
        "Lesson",
        *(
            notion.block("transclusion_reference", format={"transclusion_reference_pointer": each})
            for each in pointers
        ),
    )
    assert await contents(web) == {"1": "<p>shared</p>"}
    assert await left_out(web) == {"synced_block": 1}


async def test_people_are_named_where_their_names_came(notion: Notion, web: Web) -> None:
    notion.people = {
        "u-1": {"value": {"name": "Emmy Noether"}},
        "u-2": {"value": {"value": {"given_name": "Ada", "family_name": "Lovelace"}}},
        "u-3": {"role": "none"},
    }
    notion.page("Lesson", notion.block("text", [["‣", [["u", each]]] for each in notion.people]))
    assert await contents(web) == {"1": "<p>@Emmy Noether@Ada Lovelace@…</p>"}
    assert await left_out(web) == {"person": 1}


async def test_what_could_not_come_along_is_counted(notion: Notion, web: Web) -> None:
    hidden = id_of(8_888)
    inner = [notion.block("collection_view"), notion.block("image"), id_of(7_777)]
    notion.page(
        "Lesson",
        notion.block("toggle", "Look", inner),
        notion.block("image", format={"display_source": 1}),
        notion.block("hologram"),
        notion.block("text", [["‣", [["zz", "1"]]]]),
        id_of(6_666),
        *(notion.block("page", f"Task {number}", block_id=hidden) for number in (1,)),
    )
    answer = notion._chunk

    def chunk(body: Mapping[str, Any]) -> dict[str, Any]:
        return answer({"page": {"id": "?"}} if body["page"]["id"] == hidden else body)

    notion._chunk = chunk  # type: ignore[method-assign]
    assert await left_out(web) == {
        "block": 3,
        "database": 1,
        "mention": 1,
        "picture": 2,
        "sub_page": 1,
    }


async def test_tasks_too_many_are_counted(notion: Notion, web: Web) -> None:
    heads = [("header", str(number)) for number in range(101, 119)]
    notion.page(
        "Lesson", *(notion.block(*each) for head in heads for each in (head, ("text", "a")))
    )
    assert await left_out(web) == {"task": 2}


async def test_blanks_around_the_address_are_no_fault(notion: Notion, web: Web) -> None:
    notion.page("Lesson", notion.block("text", "a"))
    imported = await NotionImporter(OPTIONS).load(f" \t{web.url(f'/{PAGE}')}\n ")
    assert imported.left_out == {}


async def test_blocks_that_the_chunks_left_out_are_asked_for(notion: Notion, web: Web) -> None:
    inner = notion.block("text", "inner")
    outer = notion.block("toggle", "outer", [inner])
    never = id_of(7_777)
    notion.page("Lesson", notion.block("text", "a"), outer, never)
    notion.withheld = {inner, outer}
    (step,) = await load(web)
    assert step.content == ('<p>a</p><p><strong>outer</strong></p><p class="ql-indent-1">inner</p>')
    assert notion.calls[1:] == ["syncRecordValuesMain"] * 2


async def test_missing_blocks_may_be_refused(notion: Notion) -> None:
    notion.page("Lesson", notion.block("text", "a"), id_of(7_777))

    async def refuse(request: Request) -> None:
        if "sync" in request.path:
            await request.answer(status=403)
        else:
            await notion(request)

    async with serving(refuse) as web:
        assert await contents(web) == {"1": "<p>a</p>"}


async def test_records_may_be_wrapped_twice(notion: Notion, web: Web) -> None:
    notion.wraps = True
    notion.page("Lesson", notion.block("text", "a"))
    assert await contents(web) == {"1": "<p>a</p>"}


async def test_the_newer_endpoint_is_tried_too(notion: Notion, web: Web) -> None:
    notion.endpoint = "loadCachedPageChunkV2"
    notion.chunk = 2
    notion.page("Lesson", notion.block("text", "a"), notion.block("text", "b"))
    assert await contents(web) == {"1": "<p>a</p><p>b</p>"}
    assert notion.calls == ["loadPageChunk", *["loadCachedPageChunkV2"] * 2]


@pytest.mark.parametrize(
    "path",
    [
        f"/{PAGE}",
        f"/{PAGE.upper()}/",
        f"/{dashed(PAGE)}",
        f"/school/My-Tasks-{PAGE}?pvs=4#abc",
        f"/%D0%A3%D1%80%D0%BE%D0%BA-{PAGE}",
        f"/{'f' * 32}?v={'e' * 32}&p={PAGE}&pm=s",
    ],
)
async def test_the_page_is_found_in_every_form_of_its_link(
    notion: Notion, web: Web, path: str
) -> None:
    notion.page("Lesson", notion.block("text", "a"))
    assert len(await load(web, path)) == 1


@pytest.mark.parametrize("path", ["/", "/Tasks", f"/{PAGE[1:]}", f"/x?v={PAGE}", f"/{PAGE}/more"])
async def test_an_address_without_a_page_is_a_failure(web: Web, path: str) -> None:
    with pytest.raises(
        ImportFailed, match=r"^Could not extract domain and page_id from url: .*Notion page"
    ):
        await load(web, path)
    assert web.requests == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "^Could not extract domain and page_id from url: this is not a web address"),
        ("abc", "^Could not extract domain and page_id from url"),
        (f"https://evil.example/{PAGE}", "from evil.example"),
        (f"https://127.0.0.1/{PAGE}", "from 127.0.0.1"),
        (f"http://www.notion.so/{PAGE}", "must begin with https"),
        ("https://www.notion.so/", "copy the page's link"),
    ],
)
async def test_an_address_that_may_not_be_fetched_is_a_failure(url: str, reason: str) -> None:
    with pytest.raises(ImportFailed, match=reason) as failed:
        await NotionImporter(FetchOptions()).load(url)
    assert failed.value.code == "import_failed"


async def test_a_page_that_is_not_public_is_a_failure(web: Web) -> None:
    with pytest.raises(ImportFailed, match="is it shared with everyone"):
        await load(web)


async def test_a_page_in_the_bin_is_a_failure(notion: Notion, web: Web) -> None:
    notion.page("Lesson", notion.block("text", "a"))
    notion.blocks[dashed(PAGE)]["alive"] = False
    with pytest.raises(ImportFailed, match="is it shared with everyone"):
        await load(web)


@pytest.mark.parametrize("kinds", [[], ["text", "divider"], ["table_of_contents"]])
async def test_a_page_without_tasks_is_a_failure(
    notion: Notion, web: Web, kinds: list[str]
) -> None:
    notion.page("Lesson", *(notion.block(kind, "") for kind in kinds))
    with pytest.raises(ImportFailed, match="no tasks on this page"):
        await load(web)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
async def test_a_server_that_refuses_is_a_failure(status: int) -> None:
    async with serving(lambda request: request.answer(status=status)) as web:
        with pytest.raises(ImportFailed, match="is it shared with everyone"):
            await load(web)


@pytest.mark.parametrize(
    "answer", [b"<html>", b"", b'{"recordMap"', b"\xff", b"[" * 200_000], ids=repr
)
async def test_an_answer_that_is_no_json_is_a_failure(answer: bytes) -> None:
    async with serving(lambda request: request.answer(answer)) as web:
        with pytest.raises(ImportFailed, match="not one of Notion's"):
            await load(web)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        None,
        {"recordMap": None},
        {"recordMap": {"block": []}},
        {"recordMap": {"block": {"a": None, "b": {}, "c": {"value": 1}}}},
        {"recordMap": {"block": {"a": {"value": {"id": dashed(PAGE), "type": 3}}}}},
        {
            "recordMap": {
                "block": {"a": {"value": {"id": dashed(PAGE), "type": "page", "content": 1}}}
            }
        },
    ],
    ids=repr,
)
async def test_an_answer_of_another_shape_is_a_failure(answer: object) -> None:
    body = json.dumps(answer).encode()
    async with serving(lambda request: request.answer(body)) as web:
        with pytest.raises(ImportFailed, match="is it shared with everyone"):
            await load(web)


async def test_the_limit_of_size_holds_for_all_chunks_together(notion: Notion, web: Web) -> None:
    notion.chunk = 2
    notion.page("Lesson", *(notion.block("text", "x" * 1_000) for _ in range(20)))
    options = FetchOptions(hosts=["127.0.0.1"], allow_private=True, limit_bytes=10_000)
    with pytest.raises(ImportFailed, match="larger than"):
        await NotionImporter(options).load(web.url(f"/{PAGE}"))
    assert len(web.requests) > 2


async def test_the_limit_of_size_holds_for_sub_pages_too(notion: Notion, web: Web) -> None:
    pages = [
        notion.page(f"Task {n}", notion.block("text", "x" * 5_000), page_id=f"{n:032x}")
        for n in range(1_001, 1_003)
    ]
    notion.page("Lesson", *pages)
    for number, page in enumerate(pages, 1):
        notion.blocks[page]["properties"]["title"] = [[f"Task {number}"]]
    options = FetchOptions(hosts=["127.0.0.1"], allow_private=True, limit_bytes=6_000)
    with pytest.raises(ImportFailed, match="larger than"):
        await NotionImporter(options).load(web.url(f"/{PAGE}"))


async def test_a_server_that_is_slow_is_a_failure() -> None:
    async def wait(request: Request) -> None:
        await asyncio.Event().wait()

    options = FetchOptions(hosts=["127.0.0.1"], allow_private=True, timeout_s=0.05)
    async with serving(wait) as web:
        with pytest.raises(ImportFailed, match="took too long"):
            await NotionImporter(options).load(web.url(f"/{PAGE}"))


async def test_the_limit_of_time_holds_for_all_chunks_together(notion: Notion) -> None:
    notion.chunk = 1
    notion.page("Lesson", *(notion.block("text", "x") for _ in range(100)))

    async def slowly(request: Request) -> None:
        await asyncio.sleep(0.2)
        await notion(request)

    options = FetchOptions(hosts=["127.0.0.1"], allow_private=True, timeout_s=1.5)
    async with serving(slowly) as web:
        with pytest.raises(ImportFailed, match="took too long"):
            await NotionImporter(options).load(web.url(f"/{PAGE}"))
    assert len(web.requests) > 1


async def test_only_a_few_imports_run_at_once_and_the_rest_waits(notion: Notion) -> None:
    notion.page("Lesson", notion.block("text", "a"))
    running = most = 0
    all_here = asyncio.Event()

    async def slowly(request: Request) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 8:
            await asyncio.sleep(0.1)  # time enough for a ninth to come in
            all_here.set()
        await all_here.wait()
        running -= 1
        await notion(request)

    async with serving(slowly) as web:
        importer = NotionImporter(OPTIONS)
        loads = [importer.load(web.url(f"/{PAGE}")) for _ in range(20)]
        assert len(await asyncio.gather(*loads)) == 20
    assert most == 8


LINK = 'rel="noopener noreferrer" target="_blank"'


def spans(*written: object) -> list[object]:
    return list(written)


HOURS = {
    "type": "datetimerange",
    "start_date": "2026-01-02",
    "start_time": "10:00",
    "end_date": "2026-01-02",
    "end_time": "11:30",
}
RICH = {
    "plain": (spans(["a"]), "a"),
    "signs of markup": (spans(['<b> & "x"']), '&lt;b&gt; &amp; "x"'),
    "line breaks": (spans(["a\nb"]), "a<br>b"),
    "bold": (spans(["a", [["b"]]]), "<strong>a</strong>"),
    "italic": (spans(["a", [["i"]]]), "<em>a</em>"),
    "struck": (spans(["a", [["s"]]]), "<s>a</s>"),
    "underlined": (spans(["a", [["_"]]]), "<u>a</u>"),
    "code": (spans(["a<T>", [["c"]]]), "<code>a&lt;T&gt;</code>"),
    "two formats": (spans(["a", [["b"], ["i"]]]), "<em><strong>a</strong></em>"),
    "a link": (
        spans(["a", [["a", "https://e.example/?a=1&b"]]]),
        f'<a href="https://e.example/?a=1&amp;b" {LINK}>a</a>',
    ),
    "a link inside": (
        spans(["a", [["a", "/abc"]]]),
        f'<a href="https://n.example/abc" {LINK}>a</a>',
    ),
    "a dangerous link": (spans(["a", [["a", "javascript:x"]]]), f"<a {LINK}>a</a>"),
    "a broken link": (spans(["a", [["a", "http://[x"]]]), f'<a href="about:blank" {LINK}>a</a>'),
    "a colour": (spans(["a", [["h", "red"]]]), '<span style="color: #d44c47;">a</span>'),
    "a background": (
        spans(["a", [["h", "blue_background"]]]),
        '<span style="background-color: #e7f3f8;">a</span>',
    ),
    "an unknown colour": (spans(["a", [["h", "x"]], 1], ["b", [["h", "red_x"]]]), "ab"),
    "an equation": (spans(["⁍", [["e", "a<b"]]]), "<code>a&lt;b</code>"),
    "a mentioned link": (
        spans(["‣", [["lm", {"href": "https://docs.python.org/3/", "title": "Python docs"}]]]),
        f'<a href="https://docs.python.org/3/" {LINK}>Python docs</a>',
    ),
    "a mentioned link without a title": (
        spans(["‣", [["lm", {"href": "https://e.example/?a=1&b"}]]]),
        f'<a href="https://e.example/?a=1&amp;b" {LINK}>https://e.example/?a=1&amp;b</a>',
    ),
    "a person": (spans(["‣", [["u", "u-1"]]]), "@Emmy Noether"),
    "a person without a name": (spans(["‣", [["u", "u-2"]]]), "@…"),
    "what is mentioned in an unknown way": (spans(["‣", [["zz", "1"]]]), "…"),
    "a time": (
        spans(["‣", [["d", {"start_date": "2026-01-02", "start_time": "10:00"}]]]),
        "2026-01-02 10:00",
    ),
    "a span of days": (
        spans(["‣", [["d", {"start_date": "2026-01-02", "end_date": "2026-01-05"}]]]),
        "2026-01-02 – 2026-01-05",
    ),
    "a span of hours": (
        spans(["‣", [["d", HOURS]]]),
        "2026-01-02 10:00 – 11:30",
    ),
    "a date": (spans(["‣", [["d", {"start_date": "2026-01-02"}]]]), "2026-01-02"),
    "another page": (
        spans(["‣", [["p", "0-1"]]]),
        f'<a href="https://n.example/01" {LINK}>page</a>',
    ),
    "a known page": (
        spans(["‣", [["p", "known"]]]),
        f'<a href="https://n.example/known" {LINK}>Known &amp; loved</a>',
    ),
    "an unknown format": (spans(["a", [["zz", 1], [], 7, [3]]]), "a"),
    "a format without its argument": (spans(["a", [["a"], ["h"], ["d", 1]]]), "a"),
    "what is no rich text": (spans(1, [], [2], "x", ["a"]), "a"),
}  # fmt: skip


def block(kind: str, title: object = None, **more: Any) -> Block:
    properties = {"title": title} if title is not None else {}
    return Block(more.pop("id", kind), kind, properties | more.pop("properties", {}), **more)


def written(*blocks: Block) -> str:
    """The HTML of the blocks at the top, as it is sent."""
    known = {each.id: each for each in blocks}
    inside = {child for each in blocks for child in each.content}
    top = [each for each in blocks if each.id not in inside and not each.id.startswith("known")]
    return sanitise(Writer(known, "https://n.example", PEOPLE, Counter()).write(top))


PEOPLE = {"u-1": "Emmy Noether"}


@pytest.mark.parametrize(("text", "html"), RICH.values(), ids=RICH.keys())
def test_rich_text_keeps_its_formats(text: list[object], html: str) -> None:
    known = block("page", [["Known & loved"]], id="known")
    assert written(block("text", text), known) == f"<p>{html}</p>"


def source(address: str, **more: object) -> dict[str, object]:
    return {"source": [[address]]} | more


BLOCKS = {
    "an empty line": ([block("text")], "<p><br></p>"),
    "headings": (
        [block("header", [["a"]]), block("sub_header", [["b"]]), block("sub_sub_header", [["c"]])],
        "<h1>a</h1><h2>b</h2><h3>c</h3>",
    ),
    "a heading that opens": (
        [block("header", [["a"]], content=["x"]), block("text", [["b"]], id="x")],
        '<h1>a</h1><p class="ql-indent-1">b</p>',
    ),
    "a quotation": ([block("quote", [["a"]])], "<blockquote>a</blockquote>"),
    "a callout": (
        [block("callout", [["a"]], format={"page_icon": "💡"})],
        "<blockquote>💡 a</blockquote>",
    ),
    "a callout with a picture": (
        [block("callout", [["a"]], format={"page_icon": "https://e.example/i.png"})],
        "<blockquote>a</blockquote>",
    ),
    "a toggle": (
        [block("toggle", [["a"]], content=["x"]), block("text", [["b"]], id="x")],
        '<p><strong>a</strong></p><p class="ql-indent-1">b</p>',
    ),
    "lists": (
        [
            block("bulleted_list", [["a"]], id="1"),
            block("bulleted_list", [["b"]], id="2"),
            block("numbered_list", [["c"]], id="3"),
        ],
        "<ul><li>a</li><li>b</li></ul><ol><li>c</li></ol>",
    ),
    "a list in a list": (
        [
            block("numbered_list", [["a"]], id="1", content=["2", "3"]),
            block("bulleted_list", [["b"]], id="2"),
            block("text", [["c"]], id="3"),
            block("numbered_list", [["d"]], id="4"),
        ],
        "<ol><li>a<ul><li>b</li></ul><p>c</p></li><li>d</li></ol>",
    ),
    "things to do": (
        [
            block("to_do", [["a"]], id="1"),
            block("to_do", [["b"]], id="2", properties={"checked": [["Yes"]]}),
            block("to_do", [["c"]], id="3", properties={"checked": [["Yes"]]}),
        ],
        '<ul data-checked="false"><li>a</li></ul>'
        '<ul data-checked="true"><li>b</li><li>c</li></ul>',
    ),
    "code": (
        [block("code", [["a<b>\n"], ["c", [["b"]]]], properties={"caption": [["note"]]})],
        '<pre class="ql-syntax" spellcheck="false">a&lt;b&gt;\nc\n</pre><p><em>note</em></p>',
    ),
    "code that begins with an empty line": (
        [block("code", [["\na"]])],
        '<pre class="ql-syntax" spellcheck="false">\n\na\n</pre>',
    ),
    "a divider": ([block("divider")], "<hr>"),
    "an equation": ([block("equation", [["x<1"]])], "<p><code>x&lt;1</code></p>"),
    "an image": (
        [block("image", properties=source("https://e.example/a.png?x=1&y", caption=[["A"]]))],
        '<p><img src="https://e.example/a.png?x=1&amp;y"></p><p><em>A</em></p>',
    ),
    "an uploaded image": (
        [block("image", properties=source("attachment:1:a b.png"), id="i-1")],
        '<p><img src="https://n.example/image/attachment%3A1%3Aa%20b.png'
        '?table=block&amp;id=i-1&amp;cache=v2"></p>',
    ),
    "an image shown from elsewhere": (
        [block("image", format={"display_source": "/images/x.png"})],
        '<p><img src="https://n.example/images/x.png"></p>',
    ),
    "an image without an address": ([block("image", format={"display_source": 1})], ""),
    "a video": (
        [block("video", properties=source("https://v.example/1"))],
        f'<p><a href="https://v.example/1" {LINK}>https://v.example/1</a></p>',
    ),
    "a bookmark": (
        [block("bookmark", [["Title"]], properties={"link": [["https://b.example"]]})],
        f'<p><a href="https://b.example" {LINK}>Title</a></p>',
    ),
    "a page inside": (
        [block("page", [["Sub"]], id="a-b", content=["x"]), block("text", [["b"]], id="x")],
        f'<p><a href="https://n.example/ab" {LINK}>Sub</a></p>',
    ),
    "a page without a title": (
        [block("page", id="a-b")],
        f'<p><a href="https://n.example/ab" {LINK}>Untitled</a></p>',
    ),
    "columns": (
        [
            block("column_list", content=["1", "2"]),
            block("column", id="1", content=["3"]),
            block("column", id="2", content=["4"]),
            block("text", [["a"]], id="3"),
            block("text", [["b"]], id="4"),
        ],
        "<p>a</p><p>b</p>",
    ),
    "a synced block": (
        [
            block(
                "transclusion_reference",
                format={"transclusion_reference_pointer": {"id": "known"}},
            ),
            block("transclusion_container", id="known", content=["1"]),
            block("text", [["a"]], id="1"),
        ],
        "<p>a</p>",
    ),
    "a synced block of another page": (
        [block("transclusion_reference", format={"transclusion_reference_pointer": {"id": "?"}})],
        "",
    ),
    "a synced block of nothing": ([block("transclusion_reference")], ""),
    "a table": (
        [
            block("table", content=["1"], format={"table_block_column_order": ["y", "x"]}),
            block("table_row", id="1", properties={"x": [["a"]], "y": [["b", [["b"]]]]}),
        ],
        "<table><tbody><tr><td><strong>b</strong></td><td>a</td></tr></tbody></table>",
    ),
    "a table with heads": (
        [
            block(
                "table",
                content=["1", "2"],
                format={
                    "table_block_column_order": ["x", "y"],
                    "table_block_column_header": True,
                    "table_block_row_header": True,
                },
            ),
            block("table_row", id="1", properties={"x": [["a"]], "y": [["b"]]}),
            block("table_row", id="2", properties={"x": [["c"]], "y": [["d"]]}),
        ],
        "<table><tbody><tr><th>a</th><th>b</th></tr><tr><th>c</th><td>d</td></tr></tbody></table>",
    ),
    "a list that goes on": (
        [
            block("numbered_list", [["c"]], id="1", format={"list_start_index": 3}),
            block("numbered_list", [["d"]], id="2"),
        ],
        '<ol start="3"><li>c</li><li>d</li></ol>',
    ),
    "a link to a page": (
        [block("alias", format={"alias_pointer": {"table": "block", "id": "a-b"}})],
        f'<p><a href="https://n.example/ab" {LINK}>page</a></p>',
    ),
    "a described image": (
        [block("image", properties=source("https://e.example/a.png"), format={"alt_text": "A<"})],
        '<p><img src="https://e.example/a.png" alt="A&lt;"></p>',
    ),
    "a table without columns": ([block("table")], ""),
    "what has no text of its own": ([block("table_of_contents"), block("breadcrumb")], ""),
    "an unknown block": ([block("hologram", [["a"]])], "<p>a</p>"),
    "a block in the bin": (
        [block("toggle", [["a"]], content=["x"]), block("text", [["b"]], id="x", alive=False)],
        "<p><strong>a</strong></p>",
    ),
    "blocks in a circle": (
        [
            block("column_list", content=["1"], id="top"),
            block("toggle", [["a"]], id="1", content=["2"]),
            block("toggle", [["b"]], id="2", content=["1", "2"]),
        ],
        "<p><strong>a</strong></p><p><strong>b</strong></p>",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "html"), BLOCKS.values(), ids=BLOCKS.keys())
def test_blocks_become_what_the_editor_writes(blocks: list[Block], html: str) -> None:
    assert written(*blocks) == html


def test_blocks_nested_without_end_are_cut_off() -> None:
    chain = [block("toggle", [[str(n)]], id=f"b{n}", content=[f"b{n + 1}"]) for n in range(100)]
    html = written(*chain)
    assert "<strong>20</strong>" in html
    assert "<strong>21</strong>" not in html


def test_paragraphs_indent_up_to_the_last_class_of_the_editor() -> None:
    chain = [block("text", [[str(n)]], id=f"b{n}", content=[f"b{n + 1}"]) for n in range(12)]
    html = written(*chain)
    assert '<p>0</p><p class="ql-indent-1">1</p>' in html
    assert '<p class="ql-indent-8">11</p>' in html


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(
            [block("text", [["x" * 1_000, [["b"]] * 100_000]])],
            id="formats around formats",
        ),
        pytest.param(
            [
                block("text", [["‣", [["p", "long"]]]] * 10_000),
                Block("long", "page", properties={"title": [["x" * 100_000]]}),
            ],
            id="a long name mentioned everywhere",
        ),
        pytest.param(
            [
                block(
                    "table",
                    content=[f"row {n}" for n in range(10_000)],
                    format={"table_block_column_order": ["c"] * 10_000},
                ),
                *(Block(f"row {n}", "table_row") for n in range(10_000)),
            ],
            id="a table of nothing",
        ),
    ],
)
def test_a_page_far_longer_than_its_blocks_is_not_written(blocks: list[Block]) -> None:
    started = time.process_time()
    with pytest.raises(PageTooLong):
        written(*blocks)
    assert time.process_time() - started < patience(10)


async def test_a_page_too_long_to_write_is_a_failure(notion: Notion, web: Web) -> None:
    notion.page("Lesson", notion.block("text", [["x" * 1_000, [["b"]] * 100_000]]))
    with pytest.raises(ImportFailed, match="too long"):
        await load(web)
