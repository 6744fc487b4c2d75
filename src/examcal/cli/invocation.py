"""What every command is given: its settings, read at the first use, and where the schedule is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from examcal.cli.words import language
from examcal.redaction import keep_out

if TYPE_CHECKING:
    from examcal.settings import Settings


@dataclass(frozen=True)
class Invocation:
    """One run of a command. ``schedule`` and ``config`` are what the command line names, or None."""

    schedule: Path | None = None
    config: Path | None = None
    debug: bool = False
    format: str = "text"

    @property
    def wants_json(self) -> bool:
        """Whether standard output may hold JSON only."""
        return self.format == "json"

    @cached_property
    def settings(self) -> Settings:
        """The settings; warnings about environment variables go to standard error, once."""
        from examcal.settings import read_settings  # noqa: PLC0415 - pydantic costs 0.1 s that many commands can save

        settings, warnings = read_settings(self.config)
        keep_out(settings.secrets())
        for warning in warnings:
            sys.stderr.write(f"{warning.text(language())}\n")
        return settings

    def start_logs(self) -> None:
        """Let this process log as the settings say."""
        from examcal.logs import configure_logs  # noqa: PLC0415 - only for processes that stay

        settings = self.settings
        configure_logs(
            level=settings.log_level, form=settings.log_format, secrets=settings.secrets(), people=settings.people()
        )

    @property
    def schedule_path(self) -> Path:
        """The schedule file or folder: from the command line, else from the settings."""
        return self.schedule or self.settings.schedule
