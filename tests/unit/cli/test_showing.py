"""Showing the current edition: one look at a time, and a look that fails takes nothing off the shelf."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from examcal.cli.serving import showing
from examcal.publication.edition import build_edition
from examcal.publication.manifest import Manifest
from examcal.publication.publisher import publish
from examcal.web.following import EditionFollower
from support.schedules import small
from support.site import shelf, site_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


async def test_an_edition_is_shown_once_it_is_there(tmp_path: Path) -> None:
    site = site_of(None)
    show = showing(site, EditionFollower(tmp_path))
    assert not await show()
    publish(build_edition(small(), now=NOW), tmp_path)
    assert all(await asyncio.gather(show(), show(), show()))
    assert site.shelf is not None
    assert "feeds/all.ics" in site.shelf.pages
    shown = site.shelf
    assert await show()
    assert site.shelf is shown


async def test_a_look_that_fails_leaves_what_is_served(tmp_path: Path) -> None:
    def failing(manifest: Manifest) -> None:
        raise LookupError(manifest.files)

    earlier = shelf()
    site = site_of(earlier)
    publish(build_edition(small(), now=NOW), tmp_path)
    assert await showing(site, EditionFollower(tmp_path, failing))()
    assert site.shelf is earlier
