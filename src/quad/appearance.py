"""How a visitor wants pages to look: language and colours, chosen once for all of them.

Two cookies hold the choice, so that the first byte of every page is right, without JavaScript, too.
The browser application writes them by itself; pages of the server post a form to `PATH`.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from quad.languages import LANGUAGES, choose_language

PATH: Final = "/appearance"
LANGUAGE_COOKIE: Final = "quad_language"
THEME_COOKIE: Final = "quad_theme"
LIFETIME_S: Final = 365 * 24 * 3600

THEMES: Final = ("auto", "light", "dark")

# What browsers are told beforehand, and when the style sheet of dark colours counts.
_COLOR_SCHEMES: Final = {"auto": "light dark", "light": "light", "dark": "dark"}
_DARK_MEDIA: Final = {"auto": "(prefers-color-scheme: dark)", "light": "not all", "dark": "all"}


class Appearance(Struct, frozen=True):
    """One of `quad.languages.LANGUAGES` and one of `THEMES`; `auto` is as the device has it."""

    language: str = "en"
    theme: str = "auto"

    @property
    def color_scheme(self) -> str:
        """For `<meta name="color-scheme">`."""
        return _COLOR_SCHEMES[self.theme]

    @property
    def dark_media(self) -> str:
        """For the `media` of the style sheet of dark colours."""
        return _DARK_MEDIA[self.theme]


def choose_appearance(cookies: Mapping[str, str], accept_language: str) -> Appearance:
    """What a visitor chose, or else what the browser asks for."""
    language = cookies.get(LANGUAGE_COOKIE)
    theme = cookies.get(THEME_COOKIE)
    return Appearance(
        language if language in LANGUAGES else choose_language(accept_language),
        theme if theme in THEMES else THEMES[0],
    )
