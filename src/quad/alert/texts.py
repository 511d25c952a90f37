"""What alert's pages say."""

from typing import Final

# What the page's script says by itself.
OF_SCRIPT: Final = frozenset(
    {
        "nobody",
        "people_unknown",
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
