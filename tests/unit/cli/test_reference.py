"""The reference pages say what the program does."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from examcal.cli.reference import reference
from examcal.cli.words import speak
from examcal.settings import Settings, Smtp, Wecom
from examcal.texts import DEFAULT_LANGUAGE

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def test_the_page_of_commands_is_the_programs_own() -> None:
    try:
        made = reference()
    finally:
        speak(DEFAULT_LANGUAGE)
    assert (DOCS / "commands.md").read_text("utf-8") == made, (
        "run: python -m examcal.cli.reference > docs/reference/commands.md"
    )


@pytest.mark.parametrize(("model", "prefix"), [(Settings, ""), (Smtp, "SMTP__"), (Wecom, "WECOM__")])
def test_every_setting_is_documented(model: type[BaseModel], prefix: str) -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    groups = {"smtp", "wecom", "apprise", "privacy", "audiences"}
    for name in model.model_fields:
        if name not in groups or prefix:
            assert f"`{prefix}{name.upper()}" in page, name
    for name in model.model_fields["audiences"].annotation.__args__[0].model_fields if model is Settings else ():  # type: ignore[union-attr]
        assert f"\n{name} = " in page
