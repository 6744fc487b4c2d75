"""A bar for work that takes a while: on standard error, on a terminal only, and gone when the work is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

PATIENCE = 1.0
"""Seconds that people wait without asking what is going on."""

Advance = Callable[[int, int], None]
"""Hears how much of how much is done."""


def _say_nothing(_done: int, _total: int) -> None:
    """Show no progress: nobody watches."""


@contextmanager
def working(what: str) -> Iterator[Advance]:
    """Show that ``what`` is under way, how long already, and how far where the work says so."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody watches
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that ``what`` is under way once it takes longer than ``PATIENCE``; quick work shows and loads nothing."""
    if not sys.stderr.isatty():
        yield
        return
    done = Event()
    watcher = Thread(target=_show, args=(what, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _show(what: str, done: Event) -> None:
    if not done.wait(PATIENCE):
        with working(what):
            done.wait()
