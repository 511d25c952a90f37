"""The one HTML page of the browser application: for each address it names other files and values.

The application is built by Vite into the folder `app` of this package (`ui/` has its sources). Its
files have a hash in their names and may be cached for ever; the page itself is never.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

import jinja2
import msgspec
from litestar import Response
from markupsafe import Markup

from quad.appearance import Appearance
from quad.languages import texts_of
from quad.pages import FILE_HEADERS, SHARED_FILES, page_headers, run_headers

_ENTRY: Final = "src/main.ts"
# It is loaded from below /app, answers for all pages, and may itself ask this server alone.
_WORKER: Final = "worker.js"
_WORKER_HEADERS: Final = {
    "Service-Worker-Allowed": "/",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
}
_NOT_BUILT: Final = (
    "The browser application is not built in this checkout: `make ui` builds it. "
    "The protocols, /v1 and the REST interface work without it.\n"
)
_MEDIA_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "json": "application/json",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
    "mjs": "text/javascript",
    "wasm": "application/wasm",
    "zip": "application/zip",
}
# What runs programs: a frame of an opaque origin may load it, and nothing of it is a secret.
_ENGINE: Final = re.compile(r"assets/run-[0-9a-f]+/")
_OF_ENGINE: Final = {"Access-Control-Allow-Origin": "*"}
# The better one first.
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Who opens a page.

    `root` is the path below which a proxy serves us (no slash at its end), `host` what the browser
    calls this server.
    """

    root: str = ""
    host: str = ""
    appearance: Appearance = Appearance()


class Shell:
    """The application's pages and files."""

    def __init__(self, socket_path: str = "/socket.io/", folder: Traversable | None = None) -> None:
        """`folder` is where Vite has built to; by default the one in this package."""
        self._socket_path = socket_path
        # Hundreds, and most are never asked for: their content is read when it is, and then kept,
        # for readers who take their time share it.
        self._files = dict(_files_in(folder or resources.files("quad").joinpath("app")))
        self._contents: dict[str, bytes] = {}
        manifest = self._files.get("manifest.json")
        self._manifest: dict[str, Any] = json.loads(manifest.read_bytes()) if manifest else {}
        templates = jinja2.Environment(
            loader=jinja2.PackageLoader("quad"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
        )
        self._template = templates.get_template("shell.html")
        self._frame = templates.get_template("frame.html")

    def page(
        self,
        name: str,
        visit: Visit,
        values: Mapping[str, object] | None = None,
        *,
        images: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response[str]:
        """The page `name`, one of those in `ui/src/main.ts`, with what it needs to know.

        `images` are sources beyond this server from which the page may show pictures.
        """
        if not self._manifest:
            return Response(_NOT_BUILT, status_code=503, media_type="text/plain")
        nonce = secrets.token_urlsafe(16)
        language = visit.appearance.language
        texts = texts_of(language, "shared")
        styles, preloads = self._files_of(name)
        html = self._template.render(
            look=visit.appearance,
            shared=SHARED_FILES.names,
            title="Quad",
            root=visit.root,
            script=self._manifest[_ENTRY]["file"],
            styles=styles,
            preloads=preloads,
            no_script=texts["no_script"],
            no_script_alert=texts["no_script_alert"],
            values=_script_safe(
                {
                    "root": visit.root,
                    "socketPath": self._socket_path,
                    "language": language,
                    "theme": visit.appearance.theme,
                    "page": name,
                    "values": values or {},
                    "nonce": nonce,
                }
            ),
        )
        return Response(
            html,
            status_code=status,
            media_type="text/html",
            headers={
                **page_headers(visit.host, nonce=nonce, images=("'self'", "blob:", *images)),
                **(headers or {}),
            },
        )

    def frame(self, script: str, visit: Visit, *, is_page: bool = False) -> Response[str]:
        """What programs run in: an empty page with one of the engine's scripts, and no way out."""
        files = (name for name in self._files if _ENGINE.match(name))
        address = next((name for name in files if name.endswith(f"/{script}.js.gz")), None)
        if address is None:
            return Response(_NOT_BUILT, status_code=503, media_type="text/plain")
        html = self._frame.render(root=visit.root, script=address.removesuffix(".gz"))
        headers = run_headers(visit.host, visit.root, is_page=is_page)
        return Response(html, media_type="text/html", headers=headers)

    def file(self, name: str, accepted_encodings: str = "") -> Response[Any]:
        """A file of the application; `accepted_encodings` is the request's Accept-Encoding."""
        is_packed = name not in self._files and f"{name}.gz" in self._files
        if (name not in self._files and not is_packed) or name == "manifest.json":
            return Response(b"", status_code=404, media_type="text/plain")
        headers = {**FILE_HEADERS, "Vary": "Accept-Encoding"}
        if not name.startswith("assets/"):  # no hash in the name
            headers["Cache-Control"] = "public, max-age=3600"
        if name == _WORKER:
            headers.update(_WORKER_HEADERS)
        if _ENGINE.match(name):
            headers.update(_OF_ENGINE)
        # There is nothing else, and every browser unpacks it, also where a filter on the way has
        # taken away that it said so.
        encoding = "gzip" if is_packed else self._encoding(name, accepted_encodings)
        if encoding:
            headers["Content-Encoding"] = encoding
        try:
            content = self._content(name + _ENCODINGS.get(encoding, ""))
        except FileNotFoundError:  # another version was installed meanwhile
            return Response(b"", status_code=404, media_type="text/plain")
        media_type = _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return Response(content, media_type=media_type, headers=headers)

    def _content(self, name: str) -> bytes:
        content = self._contents.get(name)
        if content is None:
            content = self._contents[name] = self._files[name].read_bytes()
        return content

    def _encoding(self, name: str, accepted: str) -> str:
        wanted = {
            part.partition(";")[0].strip().lower()
            for part in accepted.split(",")
            if not part.replace(" ", "").endswith(";q=0")
        }
        for encoding, ending in _ENCODINGS.items():
            if encoding in wanted and name + ending in self._files:
                return encoding
        return ""

    def _files_of(self, name: str) -> tuple[list[str], list[str]]:
        """Style sheets and modules that the page surely needs: they load beside each other."""
        page = f"src/{name}/{name.capitalize()}.svelte"
        entries = [_ENTRY, page] if page in self._manifest else [_ENTRY]
        chunks = list(dict.fromkeys(key for entry in entries for key in self._with_imports(entry)))
        styles = [style for key in chunks for style in self._manifest[key].get("css", ())]
        scripts = [self._manifest[key]["file"] for key in chunks if key != _ENTRY]
        return list(dict.fromkeys(styles)), scripts

    def _with_imports(self, key: str) -> Iterator[str]:
        yield key
        for imported in self._manifest[key].get("imports", ()):
            yield from self._with_imports(imported)


def _files_in(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    """All files of a folder by their relative paths."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_in(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def _script_safe(values: Mapping[str, object]) -> Markup:
    """JSON that cannot end the element that it stands in."""
    text = msgspec.json.encode(values).decode()
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
