"""Where pages live and how they point at each other: relative between pages, absolute only from ``base_url``."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{2,30}")
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}")


@lru_cache(maxsize=4096)
def web_url(url: str | None) -> str | None:
    """Return ``url`` if it is an http(s) address with a host, else None, so that nothing else becomes a link."""
    if not url or " " in url or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme.lower() in {"http", "https"} and host else None


def phone_url(phone: str) -> str | None:
    """Return a ``tel:`` address (RFC 3966) for a plain number, else None."""
    return "tel:" + re.sub(r"[^0-9+]", "", phone) if PHONE.fullmatch(phone) else None


def mail_url(address: str | None) -> str | None:
    """Return a ``mailto:`` address for a plain e-mail address, else None."""
    return f"mailto:{address}" if address and EMAIL.fullmatch(address) else None


def is_folder(path: str) -> bool:
    """Return whether ``path`` is the page of a folder and is addressed by the folder's name."""
    return posixpath.basename(path) == "index.html"


@lru_cache(maxsize=4096)
def address(path: str) -> str:
    """Return the path by which a file is asked for: ``a/index.html`` as ``a/``, percent-encoded."""
    return quote(path.removesuffix("index.html") if is_folder(path) else path, safe="/@")


def depth(path: str) -> str:
    """Return the way from the page at ``path`` up to the edition's root: ``../`` for each folder."""
    return "../" * path.count("/")


def relative(source: str, target: str) -> str:
    """Return the reference from the page at path ``source`` to the file at path ``target``, by way of the root.

    It depends on the depth of ``source`` alone, so that pages of one depth can share what is rendered.
    """
    return depth(source) + address(target) or "./"


@dataclass(frozen=True, slots=True)
class Origin:
    """The public address under which the edition is served; ``base_url`` is None where nobody has set it."""

    base_url: str | None = None

    def of(self, path: str, query: str = "") -> str | None:
        """Return the absolute address of the file at ``path``, or None without a base address."""
        if web_url(self.base_url) is None or self.base_url is None:
            return None
        return f"{self.base_url.rstrip('/')}/{address(path)}{'?' + query if query else ''}"

    def rooted(self, path: str) -> str:
        """Return the address of ``path`` from the host's root, for pages whose own depth is unknown (404)."""
        prefix = urlsplit(self.base_url).path.rstrip("/") if self.base_url and web_url(self.base_url) else ""
        return f"{quote(prefix, safe='/')}/{address(path)}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one language's pages. The first language is at the root, the others below their tag."""

    language: str
    default: bool = True

    def within(self, path: str) -> str:
        """Return ``path`` below this language's part of the edition."""
        return path if self.default else f"{self.language}/{path}"

    @property
    def index(self) -> str:
        """The list of exams."""
        return self.within("index.html")

    @property
    def changes(self) -> str:
        """What changed and when."""
        return self.within("changes/index.html")

    @property
    def atom(self) -> str:
        """What changed and when, for feed readers."""
        return self.within("changes.atom")

    def exam(self, exam: str, site: str | None = None, track: str | None = None) -> str:
        """Return the page of an exam, narrowed to a site and a track.

        Ids have no dot, so ``track.{id}`` never meets a site's name.
        """
        parts = [exam, *([site] if site else []), *([f"track.{track}"] if track else []), "index.html"]
        return self.within("/".join(parts))

    def poster(self, exam: str, site: str | None = None) -> str:
        """Return the A4 sheet for a notice board."""
        return self.within(f"posters/{exam}/{site}.html" if site else f"posters/{exam}.html")

    def kit(self, exam: str, file: str = "index.html") -> str:
        """Return a file of the office kit."""
        return self.within(f"kits/{exam}/{file}")
