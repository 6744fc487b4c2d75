"""What browsers read: pages, timeline, poster, office kit. Pure: no clock, no I/O beyond the package's own files."""

from examcal.pages.headers import CONTENT_SECURITY_POLICY, SECURITY_HEADERS
from examcal.pages.history import PublishedChange, Statement
from examcal.pages.render import render

__all__ = ["CONTENT_SECURITY_POLICY", "SECURITY_HEADERS", "PublishedChange", "Statement", "render"]
