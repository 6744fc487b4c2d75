"""The response headers that every way of serving the pages sends: our web server, nginx, Caddy.

The pages contain no inline style or script and load nothing from elsewhere, so the policy starts from "nothing".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Nothing of ours connects anywhere; 'self' lets auditors fetch robots.txt from within a page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
)
