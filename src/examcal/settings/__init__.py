"""Settings: environment ``EXAMCAL_*`` first, then ``examcal.toml``; secrets also from ``*_FILE``."""

from examcal.settings.model import (
    Application,
    Audience,
    Settings,
    Smtp,
    Wecom,
)
from examcal.settings.reading import SettingsRejectedError, read_settings, secret_files
from examcal.settings.values import ListenAddress

__all__ = [
    "Application",
    "Audience",
    "ListenAddress",
    "Settings",
    "SettingsRejectedError",
    "Smtp",
    "Wecom",
    "read_settings",
    "secret_files",
]
