"""From settings to working parts: the only place that knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examcal.channels.port import Channel
from examcal.errors import NoInputError
from examcal.plan.audience import Audience

if TYPE_CHECKING:
    from examcal.settings import Settings

OUTBOX = "outbox"


def audiences_of(settings: Settings) -> tuple[Audience, ...]:
    """Return the configured audiences as the plan knows them."""
    return tuple(
        Audience(one.name, one.channel, one.to, one.exams, one.sites, one.tracks, one.kinds, one.mention, one.language)
        for one in settings.audiences
    )


def channel_names(settings: Settings) -> tuple[str, ...]:
    """Return every channel that is configured, the outbox last."""
    return (
        *(["email"] if settings.smtp.host else []),
        *(f"wecom:{name}" for name in settings.wecom.robots),
        *(f"wecom-app:{name}" for name in settings.wecom.apps),
        *(f"apprise:{name}" for name in settings.apprise),
        OUTBOX,
    )


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Return all configured channels by name. Raises ConfigurationError where one cannot be made."""
    return {name: make_channel(settings, name) for name in channel_names(settings)}


def make_channel(settings: Settings, name: str) -> Channel:
    """Return one configured channel. Each kind's module is imported only where it is configured."""
    if name not in channel_names(settings):
        known = ", ".join(channel_names(settings))
        raise NoInputError("there is no channel {name}; configured are: {known}", name=name, known=known)
    kind, _, key = name.partition(":")
    match kind:
        case "email":
            return _email(settings)
        case "wecom":
            from examcal.channels.wecom_robot import WecomRobotChannel  # noqa: PLC0415 - only if configured

            webhook = settings.wecom.robots[key].get_secret_value()
            return WecomRobotChannel(key, webhook, base_url=settings.wecom.base_url)
        case "wecom-app":
            from examcal.channels.wecom_app import WecomAppChannel  # noqa: PLC0415 - only if configured

            app = settings.wecom.apps[key]
            return WecomAppChannel(
                key,
                corp_id=app.corp_id,
                agent_id=app.agent_id,
                secret=app.secret.get_secret_value(),
                base_url=settings.wecom.base_url,
            )
        case "apprise":
            from examcal.channels.apprise_ import AppriseChannel  # noqa: PLC0415 - only if configured

            return AppriseChannel(key, settings.apprise[key].get_secret_value())
        case _:
            from examcal.channels.outbox import OutboxChannel  # noqa: PLC0415 - same

            return OutboxChannel(settings.outbox)


def _email(settings: Settings) -> Channel:
    from examcal.channels.email import EmailChannel  # noqa: PLC0415 - only if configured
    from examcal.channels.smtp_session import Relay, Security  # noqa: PLC0415 - same
    from examcal.cli.subscribing import personal  # noqa: PLC0415 - same

    smtp = settings.smtp
    relay = Relay(
        host=smtp.host or "",
        port=smtp.effective_port,
        security=Security(smtp.security),
        username=smtp.username or "",
        password=smtp.password.get_secret_value() if smtp.password else "",
        connections=smtp.connections,
    )
    return personal(settings, EmailChannel(relay, sender=smtp.from_address or ""))
