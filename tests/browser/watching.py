"""A page that is watched: everything a browser complains about or asks for elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page


@dataclass
class Watched:
    """A page and what happened on it."""

    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda request: self._asked(request.url))

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        if not url.startswith(f"{self.site}/"):
            self.complaints.append(f"foreign request: {url}")

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@contextmanager
def watched(browser: Browser, site: str, width: int = 1280, scheme: str = "light", **options: Any) -> Iterator[Watched]:
    """Open a fresh context of ``width`` pixels and watch its page."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
    found = Watched(context.new_page(), site)
    found.listen()
    yield found
    context.close()
