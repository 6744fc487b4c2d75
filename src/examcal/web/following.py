"""Notice a new edition in the public folder, whoever published it, and put it on the shelf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from examcal.errors import ExamcalError
from examcal.publication.edition import MANIFEST
from examcal.publication.manifest import Manifest
from examcal.publication.published import PublishedEdition, current_folder, load_edition
from examcal.web.shelf import Published, Select, Shelf, fill_shelf

Selecting = Callable[[Manifest], Select | None]
"""Makes what selects from the feeds of the edition with this manifest; None where selections are not offered."""

_Mark = tuple[str, int, int]


class EditionFollower:
    """Reads the current edition when another one became current. ``trouble`` says why the last look failed."""

    def __init__(self, directory: Path, selecting: Selecting | None = None) -> None:
        self._directory = directory
        self._selecting = selecting
        self._mark: _Mark | None = None
        self.trouble: ExamcalError | None = None

    def look(self, shelf: Shelf | None) -> Shelf | None:
        """Return the shelf of the present edition: ``shelf`` itself where nothing changed or the new one is damaged."""
        mark = self._present()
        if mark is None or mark == self._mark:
            return shelf
        try:
            edition = load_edition(self._directory)
        except ExamcalError as error:
            self.trouble = error
            return shelf
        if edition is None:
            return shelf
        self._mark, self.trouble = mark, None
        if shelf is not None and shelf.edition == edition.digest:
            return shelf
        select = self._selecting(edition.manifest) if self._selecting else None
        return fill_shelf(edition.digest, _files(edition), select, earlier=shelf)

    def _present(self) -> _Mark | None:
        """Return what identifies the present edition, cheaply enough for every second."""
        try:
            folder = current_folder(self._directory)
            if folder is None:
                return None
            found = (folder / MANIFEST).stat()
        except OSError:
            return None
        return str(folder), found.st_ino, found.st_mtime_ns


def _files(edition: PublishedEdition) -> Mapping[str, Published]:
    files = {path: _published(edition.folder / path, body) for path, body in edition.files.items()}
    files[MANIFEST] = _published(edition.folder / MANIFEST, edition.octets)
    return files


def _published(path: Path, body: bytes) -> Published:
    twin = path.with_name(f"{path.name}.gz")
    try:
        return Published(body, int(path.stat().st_mtime), twin.read_bytes() if twin.exists() else None)
    except OSError:  # pruned in this moment; the bytes are at hand, the time is that of a later look
        return Published(body, 0)
