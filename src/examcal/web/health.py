"""Whether the process lives (``/healthz``) and does its work (``/readyz``, with reason codes)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

PREFIXES = ("/healthz", "/readyz")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not as it should be. A ``critical`` one means that the main job does not run."""

    code: str
    text: str
    critical: bool = False


Reasons = Callable[[], Sequence[Reason]]


class _Json(JSONResponse):
    """JSON with readable Chinese."""

    @override
    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def health_routes(reasons: Reasons) -> list[Route]:
    """Return the two routes; ``reasons`` is asked at every request and must be quick."""

    async def live(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})

    async def ready(_request: Request) -> Response:
        found = reasons()
        critical = any(reason.critical for reason in found)
        content = {
            "ready": not critical,
            "reasons": [{"code": r.code, "text": r.text, "critical": r.critical} for r in found],
        }
        return _Json(content, status_code=503 if critical else 200, headers={"cache-control": "no-store"})

    return [Route("/healthz", live, methods=["GET"]), Route("/readyz", ready, methods=["GET"])]
