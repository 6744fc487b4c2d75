"""Certificates for tests: a private authority, and server contexts that are right, expired, or for another name.

``authority = Authority()``; ``authority.server_context("localhost", "127.0.0.1")``; ``authority.write(path)`` and set
``SSL_CERT_FILE`` to that path in the process under test.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """A certificate authority that only the test trusts."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    def write(self, path: Path) -> Path:
        """Write the root certificate (PEM) and return ``path``."""
        self.ca.cert_pem.write_to_path(str(path))
        return path

    def server_context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """Return a server's context with a certificate for ``names`` (default localhost and 127.0.0.1)."""
        not_after = datetime.now(UTC) - timedelta(days=1) if expired else None
        not_before = datetime.now(UTC) - timedelta(days=9) if expired else None
        certificate = self.ca.issue_cert(
            *(names or ("localhost", "127.0.0.1")), not_after=not_after, not_before=not_before
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a client's context that trusts this authority alone, with all checks on."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context
