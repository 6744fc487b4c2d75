"""Reading an edition back: what is current in a directory, or what an address serves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from examcal.errors import PermissionDeniedError, StorageError
from examcal.publication.history import CHANGES, History
from examcal.publication.manifest import CURRENT, MANIFEST, Manifest, digest_of

Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class PublishedEdition:
    """A complete edition as it lies on disk: ``files`` without manifest and twins, ``octets`` the manifest's own."""

    folder: Path
    files: Mapping[str, bytes]
    manifest: Manifest
    octets: bytes

    @property
    def digest(self) -> str:
        """The name of the edition, as ``Edition.digest``."""
        return digest_of(self.octets)


@dataclass(frozen=True, slots=True)
class Previous:
    """What a new edition takes over from the published one."""

    manifest: Manifest | None = None
    history: History | None = None


def current_folder(directory: Path) -> Path | None:
    """Return the folder of the current edition under ``directory`` (``DIR/current`` or ``DIR`` itself), or None."""
    for folder in (directory / CURRENT, directory):
        if (folder / MANIFEST).is_file():
            return folder.resolve()
    return None


def load_edition(directory: Path) -> PublishedEdition | None:
    """Return the current edition of ``directory``, every file checked against its digest; None where there is none.

    Raises StorageError for a damaged edition and PermissionDeniedError for an unreadable one.
    """
    folder = current_folder(directory)
    if folder is None:
        return None
    octets = _read(folder / MANIFEST)
    manifest = Manifest.parse(octets)
    files = {path: _read(folder / path) for path in manifest.files}
    damaged = next((path for path, digest in manifest.files.items() if digest_of(files[path]) != digest), None)
    if damaged is not None:
        raise StorageError("the published file {path} is damaged", path=str(folder / damaged))
    return PublishedEdition(folder, files, manifest, octets)


def load_previous(directory: Path) -> Previous:
    """Return what the next edition takes over from the current one of ``directory``; empty where there is none."""
    folder = current_folder(directory)
    if folder is None:
        return Previous()

    def fetch(path: str) -> bytes | None:
        return _read(folder / path) if (folder / path).exists() else None

    return fetch_previous(fetch)


def fetch_previous(fetch: Fetch) -> Previous:
    """Return what the next edition takes over from one that is served elsewhere.

    ``fetch`` gets a path inside the edition and returns its octets, or None where there is nothing: without a manifest
    nothing was published yet.
    """
    octets = fetch(MANIFEST)
    if octets is None:
        return Previous()
    written = fetch(CHANGES)
    try:
        return Previous(Manifest.parse(octets), History.parse(written) if written is not None else None)
    except json.JSONDecodeError as error:
        raise StorageError("the manifest of the published edition is damaged") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise PermissionDeniedError("cannot read {path}", path=str(path)) from error
    except OSError as error:
        raise StorageError("the published file {path} is damaged", path=str(path)) from error
