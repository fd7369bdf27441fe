"""The two pages and the headers that keep them, and everything else, safe in a browser.

Knows files and headers; does not know the model. A page is one file with its style and script inside, so it needs no
network, and its content security policy allows exactly that style and that script, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Literal

from fastapi.responses import HTMLResponse
from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["texts", "pairs", "keywords", "mentions", "questions", "spans"]

_NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _NOTHING_ELSE,
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page, ready to send.

    Attributes:
        html: the whole page.
        policy: its content security policy.
    """

    html: str
    policy: str

    @classmethod
    def load(cls, name: str, *, language: Literal["zh", "en"], max_chars: int, kind: Kind = "texts") -> Page:
        """A page of `pages/`, in one of its two languages.

        Args:
            name: the file's name.
            language: the language of the page's own words.
            max_chars: the longest text the page should offer to send.
            kind: what the model reads and gives: labels of texts, of pairs, of texts with keywords or with pronouns,
                options of questions, entities of texts.
        """
        html = resources.files("danlu.serve").joinpath("pages", name).read_text("utf-8")
        root = '<html lang="en">'
        assert html.count(root) == 1
        html = html.replace(root, f'<html lang="{language}" data-max-chars="{max_chars}" data-kind="{kind}">')
        styles, scripts = (
            " ".join(_hash(inner) for inner in re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL))
            for tag in ("style", "script")
        )
        sources = f"connect-src 'self'; img-src data:; style-src {styles}; script-src {scripts}"
        return cls(html, f"{_NOTHING_ELSE}; {sources}")

    def response(self) -> HTMLResponse:
        """The page as an answer."""
        return HTMLResponse(self.html, headers={"Content-Security-Policy": self.policy})


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


class SafeHeaders:
    """Middleware that gives every answer the safe headers it does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_safely)
