"""What alert's pages say."""

from typing import Final

from quad.languages import Texts, choose_language, texts_of

# What the page's script says by itself.
OF_SCRIPT: Final = frozenset(
    {
        "nobody",
        "connecting",
        "connected",
        "lost",
        "no_contact",
        "not_sent",
        "bad_text.empty",
        "bad_text.long",
        "rate_limited",
        "store_unavailable",
        "cross_site",
    }
)


def choose_texts(accept_language: str) -> Texts:
    """The texts for an Accept-Language header; English if none of ours is wanted."""
    return texts_of(choose_language(accept_language), "alert")
