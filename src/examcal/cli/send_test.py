"""``examcal send-test``: one test message over a channel, with the answer in words."""

from __future__ import annotations

import asyncio
import secrets

from examcal.channels.port import Addressee, Channel, ChannelError, Message
from examcal.cli.command import argument, command, option, usage_error
from examcal.cli.invocation import Invocation
from examcal.cli.output import warn, write
from examcal.cli.reading import present
from examcal.cli.wiring import make_channel
from examcal.cli.words import language, say
from examcal.delivery.message import Renderer
from examcal.errors import ExitCode
from examcal.identity import short_reference


@command("send-test", "Send a test message over a channel.")
@argument("channel")
@option("--to", metavar="ADDRESS", about="The address (or WeCom user id); the first admin or audience otherwise.")
def COMMAND(invocation: Invocation, channel: str, to: str | None) -> int:  # noqa: N802 - looked up by this name
    """Send it; 69 where the channel cannot deliver."""
    settings = invocation.settings
    name = channel.lower()
    way = make_channel(settings, name)
    address = to or _default_address(invocation, name)
    message = Renderer(settings.address_for_others, settings.templates_dir).test(name, present(), language())
    error = asyncio.run(_send(way, message, address))
    if error is None:
        write(say("Channel {name} took the test message.", name=name))
        return int(ExitCode.FINE)
    warn(say("Channel {name} did not take it: {answer}", name=name, answer=f"{error.code} {say(error.detail)}".strip()))
    explain = getattr(way, "explain", None)
    meaning = explain(error.code) if explain else None
    if meaning:
        warn(meaning.text(language()))
    return int(ExitCode.UNAVAILABLE)


def _default_address(invocation: Invocation, name: str) -> str:
    """Return an address that is configured for this channel; robots and files need none."""
    kind = name.partition(":")[0]
    if kind not in {"email", "wecom-app"}:
        return ""
    settings = invocation.settings
    configured = [to for audience in settings.audiences if audience.channel == name for to in audience.to]
    admins = [admin for admin in settings.admins if "@" in admin] if kind == "email" else []
    if not admins and not configured:
        usage_error("--to: say to whom the test message goes")
    return (admins or configured)[0]


async def _send(channel: Channel, message: Message, address: str) -> ChannelError | None:
    """Send every part; return the refusal, or None."""
    key = secrets.token_hex(16)
    addressee = Addressee(key, short_reference(key), address)
    try:
        for payload in channel.compose([channel.freeze(message)], addressee):
            await channel.send(payload, addressee)
    except ChannelError as error:
        return error
    finally:
        await channel.close()
    return None
