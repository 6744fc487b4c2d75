"""A sign of life to an address that alarms when it stops coming."""

from __future__ import annotations

import httpx
import structlog

_SECONDS = 10.0
_log = structlog.get_logger()


async def ping(address: str) -> bool:
    """Fetch the address; a failure is logged without the address, which is a secret."""
    try:
        async with httpx.AsyncClient(timeout=_SECONDS) as client:
            response = await client.get(address)
    except httpx.HTTPError as error:
        _log.warning("heartbeat failed", reason=type(error).__name__)
        return False
    if response.is_error:
        _log.warning("heartbeat refused", status=response.status_code)
    return response.is_success
