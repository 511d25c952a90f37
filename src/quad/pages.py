"""What every system's pages share: templates, files under names with a hash, strict headers.

A page loads nothing from elsewhere and runs no script inside its HTML; its files may be cached for
ever, because their names change with their content.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

import jinja2
from litestar import Response

from quad.appearance import THEMES, Appearance
from quad.languages import NAMES, texts_of

_MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript"}
FILE_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
_SHARED: Final = dict.fromkeys(("colours.css", "dark.css", "base.css", "bar.js"), "quad")
_HOST: Final = re.compile(r"[\w.\-\[\]:]+", re.ASCII)


class Files:
    """What pages load, under names with a hash."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """`files` maps a file's name to the package whose folder `static` holds it."""
        contents = {name: _read(home, name) for name, home in files.items()}
        self.names = {name: _hashed(name, content) for name, content in contents.items()}
        """The names under which `file` serves them."""
        self._contents = {self.names[name]: content for name, content in contents.items()}

    def file(self, name: str) -> Response[Any]:
        """A file by its name with the hash; 404 for any other."""
        content = self._contents.get(name)
        if content is None:
            return Response(b"", status_code=404, media_type="text/plain")
        media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
        return Response(content, media_type=media_type, headers=FILE_HEADERS)


class Pages:
    """The templates of one package, and the files that its pages load."""

    def __init__(self, package: str, files: Mapping[str, str]) -> None:
        """`files` maps a file's name to the package whose folder `static` holds it.

        Colours and style sheet that all pages share come by themselves, as does the bar at the top,
        `bar.html`.
        """
        self._files = Files({**_SHARED, **files})
        self._templates = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [jinja2.PackageLoader(package), jinja2.PackageLoader("quad")]
            ),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, template: str, **values: object) -> str:
        """The HTML of a template; `files` in it are the names of the files."""
        return self._templates.get_template(template).render(files=self._files.names, **values)

    def page(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        look: Appearance,
        root: str = "",
        host: str = "",
        status: int = 200,
    ) -> Response[str]:
        """A page as somebody wants it to look.

        `root` is the path below which a proxy serves us, `host` what the browser calls this server,
        if the page opens a WebSocket.
        """
        shared = texts_of(look.language, "shared")
        bar = {"look": look, "root": root, "shared": shared, "languages": NAMES, "themes": THEMES}
        return Response(
            self.render(template, **bar, **values),
            status_code=status,
            media_type="text/html",
            headers=page_headers(host),
        )

    def file(self, name: str) -> Response[Any]:
        """A file by its name with the hash; 404 for any other."""
        return self._files.file(name)


def page_headers(host: str, *, nonce: str = "", images: Sequence[str] = ()) -> dict[str, str]:
    """The headers of every page.

    `nonce` lets a library of the page add styles while it runs; `images` are sources of pictures
    beside the page's own data.
    """
    # Older browsers do not count ws: and wss: of this very host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    added_styles = f" 'nonce-{nonce}'" if nonce else ""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'self'; style-src 'self'{added_styles};"
            f" connect-src 'self'{sockets}; manifest-src 'self'; worker-src 'self';"
            # Programs run in a frame (`run_headers`), and may not lead it elsewhere.
            " frame-src 'self';"
            f" img-src {' '.join(('data:', *images))};"
            " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        # Not "no-referrer": with that, browsers send the origin "null" with our own forms.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def run_headers(host: str, root: str, *, is_page: bool = False) -> dict[str, str]:
    """The headers of a frame in which strangers' programs run.

    Its origin is opaque, also when it is opened by itself: no storage, no request, nothing of this
    server's but the scripts below `/app/assets/`. `is_page`: a student's own page, which may have
    scripts and styles within its HTML.
    """
    # An opaque origin is not 'self', and whether there is HTTPS is the browser's to know.
    files = f"{host}{root}/app/assets/" if _HOST.fullmatch(host) else ""
    scripts = f"http://{files} https://{files} " if files else ""
    inline = " 'unsafe-inline' 'unsafe-eval'" if is_page else ""
    looks = " style-src 'unsafe-inline'; img-src data: blob:;" if is_page else ""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "sandbox allow-scripts; default-src 'none';"
            f" script-src {scripts}blob: 'wasm-unsafe-eval'{inline};{looks}"
            " worker-src blob:; connect-src 'none'; frame-ancestors 'self'"
        ),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        # For browsers that do not know frame-ancestors.
        "X-Frame-Options": "SAMEORIGIN",
    }


def _read(package: str, name: str) -> bytes:
    return resources.files(package).joinpath("static", name).read_bytes()


def _hashed(name: str, content: bytes) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"


SHARED_FILES: Final = Files(_SHARED)
"""The same for the pages that no system serves; the server has them below `/static`."""
