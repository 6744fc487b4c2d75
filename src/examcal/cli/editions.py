"""Make and read editions as the settings say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from examcal.cli.fetching import why_unreachable
from examcal.cli.subscribing import mail_form_of
from examcal.errors import NoInputError, UnavailableError
from examcal.pages.render import render
from examcal.publication.edition import Edition, build_edition
from examcal.publication.published import Previous, fetch_previous, load_previous
from examcal.publication.window import Window

if TYPE_CHECKING:
    from examcal.pages.history import PublishedChange
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.subscription.wording import MailForm

_FETCH_SECONDS = 30.0


def make_edition(
    schedule: Schedule,
    settings: Settings,
    *,
    now: datetime,
    previous: Previous,
    base_url: str | None,
    accept_shrink: bool = False,
) -> Edition:
    """Return the edition that follows ``previous``. Raises what ``build_edition`` raises."""
    return build_edition(
        schedule,
        now=now,
        previous=previous.manifest,
        history=previous.history,
        pages=partial(_pages, schedule, base_url, mail_form_of(settings)),
        window=Window(settings.past_days, settings.future_days),
        accept_shrink=accept_shrink,
    )


def _pages(
    schedule: Schedule,
    base_url: str | None,
    mail_form: MailForm | None,
    changes: Sequence[PublishedChange],
    left_out: Collection[str],
) -> Mapping[str, bytes]:
    return render(schedule, base_url=base_url, changes=changes, mail_form=mail_form, left_out=left_out)


def previous_from(place: str) -> Previous:
    """Return what was published at an http(s) address or in a folder. Raises NoInputError or UnavailableError."""
    if place.startswith(("http://", "https://")):
        return _previous_from_web(place.rstrip("/"))
    if not Path(place).is_dir():
        raise NoInputError("{path}: there is no such folder", path=place)
    return load_previous(Path(place))


def _previous_from_web(address: str) -> Previous:
    import httpx  # noqa: PLC0415 - only for editions that lie elsewhere

    with httpx.Client(timeout=_FETCH_SECONDS, follow_redirects=True) as client:

        def fetch(path: str) -> bytes | None:
            try:
                response = client.get(f"{address}/{quote(path)}")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise UnavailableError(
                    "{address} cannot be reached: {reason}", address=address, reason=why_unreachable(error)
                ) from None
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            if response.is_error:
                raise UnavailableError(
                    "{address} answers {status}", address=f"{address}/{path}", status=response.status_code
                )
            return response.content

        return fetch_previous(fetch)
