"""Help in the panel's shell: the section Help, the question mark, the search field."""

from __future__ import annotations

from fcp import panel
from fcp.panel import Page, SearchSource
from integrations.guides import find_help, help_of


def register() -> None:
    panel.add_pages(
        "help",
        Page(
            "Platforms and what they support",
            "integrations:platforms",
            synonyms="features channels carts marketplaces stores list supported",
            help="Every kind of store that can be connected, and what works with it. Each leads to its guides.",
        ),
        Page(
            "Set-up guides",
            "integrations:guides",
            also=("integrations:guide", "integrations:opinion"),
            synonyms="help how connect credentials key steps instructions",
            help="How to connect a store, step by step. Steps at the store's own pages are marked.",
        ),
        Page(
            "API",
            "integrations:help_api",
            synonyms="rest openapi programs documentation developers",
            help="What programs can do here: a warehouse's system, a script of your own.",
        ),
    )
    panel.add_help(help_of)
    panel.add_search(SearchSource("help", "Help", "help-circle", find_help))
