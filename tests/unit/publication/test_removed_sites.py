"""A site with dates of its own is not dropped in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from examcal.errors import RefusedError
from examcal.publication.edition import Edition, build_edition
from examcal.publication.removals import removed_sites
from examcal.schedule.model import Schedule
from support.schedules import EVERYTHING_EXAM, everything

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def without(site: str) -> Schedule:
    """Return the schedule without a site and its windows."""
    exams = []
    for exam in everything().exams:
        milestones = tuple(
            replace(one, sites=tuple(own for own in one.sites if own.site != site)) for one in exam.milestones
        )
        exams.append(replace(exam, sites=tuple(one for one in exam.sites if one.id != site), milestones=milestones))
    return replace(everything(), exams=tuple(exams))


def own_site() -> str:
    exam = everything().exam(EVERYTHING_EXAM)
    assert exam is not None
    return next(own.site for one in exam.milestones for own in one.sites if own.site)


def following(first: Edition, *, accept_shrink: bool = False) -> Edition:
    return build_edition(without(own_site()), now=NOW, previous=first.manifest, accept_shrink=accept_shrink)


def test_a_site_with_dates_of_its_own_is_let_go_on_purpose_only() -> None:
    first = build_edition(everything(), now=NOW)
    lost = f"{EVERYTHING_EXAM}@{own_site()}"
    assert removed_sites(without(own_site()), first.manifest) == (lost,)
    with pytest.raises(RefusedError, match=lost):
        following(first)
    second = following(first, accept_shrink=True)
    third = build_edition(without(own_site()), now=NOW, previous=second.manifest)
    assert third.manifest.events == second.manifest.events


def test_a_site_without_dates_of_its_own_may_go() -> None:
    first = build_edition(without(own_site()), now=NOW)
    plain = next(site.id for exam in without(own_site()).exams for site in exam.sites
                 if not any(own.site == site.id for one in exam.milestones for own in one.sites))  # fmt: skip
    bare = replace(
        without(own_site()),
        exams=tuple(
            replace(exam, sites=tuple(site for site in exam.sites if site.id != plain))
            for exam in without(own_site()).exams
        ),
    )
    assert removed_sites(bare, first.manifest) == ()
