"""Put the subscription together from the settings: key, desk, pages, postman."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from examcal.clock import Clock
from examcal.delivery.versions import last_good
from examcal.errors import ConfigurationError
from examcal.ledger.opening import open_for_reading
from examcal.subscription.desk import Desk
from examcal.subscription.personal import PersonalChannel
from examcal.subscription.postman import Postman
from examcal.subscription.rotation import Rotated, rotate
from examcal.subscription.screens import Screens
from examcal.subscription.site_key import read_site_key, site_key
from examcal.subscription.tokens import SiteKey
from examcal.subscription.wording import Controller, MailForm
from examcal.web.subscription import SubscriptionRoutes
from examcal.web.subscription_request import networks

if TYPE_CHECKING:
    from examcal.channels.port import Channel
    from examcal.ledger.store import SqlLedger
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.web.shelf import Shelf


def controller_of(settings: Settings) -> Controller:
    """Return who handles the addresses."""
    return Controller(settings.privacy.name or "", settings.privacy.contact or "")


def mail_form_of(settings: Settings) -> MailForm | None:
    """Return the form for pages, or None where nobody can subscribe by e-mail."""
    return MailForm(controller_of(settings)) if settings.takes_subscribers else None


def key_of(settings: Settings, ledger: SqlLedger) -> SiteKey:
    """Return the key of this installation, making one where there is none yet."""
    return site_key(ledger, settings.state_dir, _configured(settings))


def rotate_key(settings: Settings, ledger: SqlLedger, now: datetime, *, everything: bool) -> Rotated:
    """Replace the key of this installation and what was made with it."""
    return rotate(ledger, settings.state_dir, _configured(settings), now, everything=everything)


def personal(settings: Settings, channel: Channel) -> Channel:
    """Return a mail channel that gives each subscriber its own unsubscribe address."""
    return PersonalChannel(channel, lambda: _known_key(settings), lambda: settings.site_address)


def _known_key(settings: Settings) -> SiteKey:
    """Return the key for composing mails; there is one as soon as there is a subscriber."""
    ledger = open_for_reading(settings.database, settings.state_dir)
    key = None
    if ledger is not None:
        key = read_site_key(ledger, settings.state_dir, _configured(settings))
        ledger.engine.dispose()
    if key is None:
        raise ConfigurationError("the key of the unsubscribe addresses is gone; restore {path}",
                                 path=settings.state_dir / "subscription.key")  # fmt: skip
    return key


class ScheduleInForce:
    """Returns the schedule in force: the one accepted here, else (standing by) the ledger's, looked at rarely."""

    LOOK_EVERY = 60.0

    def __init__(self, accepted: Sequence[Schedule], ledger: SqlLedger, clock: Clock) -> None:
        self._accepted = accepted
        self._ledger = ledger
        self._clock = clock
        self._looked_at: float | None = None
        self._found: Schedule | None = None

    def __call__(self) -> Schedule | None:
        """Return the schedule, or None before there is one."""
        if self._accepted:
            return self._accepted[-1]
        now = self._clock.monotonic()
        if self._looked_at is None or now - self._looked_at > self.LOOK_EVERY:
            good = last_good(self._ledger)
            self._looked_at, self._found = now, good[0] if good else None
        return self._found


def make_desk(
    settings: Settings,
    ledger: SqlLedger,
    schedule: Callable[[], Schedule | None],
    *,
    on_letter: Callable[[], object] = lambda: None,
    on_change: Callable[[], object] = lambda: None,
) -> Desk:
    """Return what subscribers deal with. The callbacks are called from other threads."""
    return Desk(ledger, key_of(settings, ledger), schedule, on_letter=on_letter, on_change=on_change)


def make_routes(
    settings: Settings, desk: Desk, clock: Clock, shelf: Callable[[], Shelf | None], base_url: str
) -> SubscriptionRoutes:
    """Return the pages of the subscription."""
    screens = Screens(base_url, controller_of(settings), settings.language)
    return SubscriptionRoutes(desk, screens, clock, shelf, networks(settings.trusted_proxies))


def make_postman(settings: Settings, desk: Desk, channel: Channel, clock: Clock, base_url: str) -> Postman:
    """Return what sends the letters."""
    return Postman(desk, channel, clock, base_url, controller_of(settings))


def _configured(settings: Settings) -> str | None:
    return settings.privacy.key.get_secret_value() if settings.privacy.key else None
