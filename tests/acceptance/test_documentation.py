"""What the documentation leads to exists: files, headings, commands, options and settings."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.deploy import command_of, settings_named

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md"))
    if page.parent.name != "problems" or page.stem == "index"
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
_SAID_OTHERWISE = {"build", "types-jsonschema", "types-PyYAML"}  # parts of tools that are named
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^\s*```(\w*)\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the addresses of the headings, as forges make them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(page: Path) -> Iterator[str]:
    """Yield the examcal commands of the page's console blocks."""
    for kind, block in _BLOCK.findall(page.read_text("utf-8")):
        for line in block.splitlines() if kind == "console" else ():
            found = re.match(r"\s*\$ (?:\.venv/bin/)?examcal (.+?)(?: [>|#].*)?$", line)
            if found:
                yield found[1]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_no_page_is_out_of_reach() -> None:
    reached: set[Path] = set()
    ahead = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = (found.partition("#")[0] for found in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", found))
        there = ((page.parent / target).resolve() for target in targets if target)
        ahead += [path / "index.md" if path.is_dir() else path for path in there if path.suffix in {"", ".md"}]
    assert set(PAGES) <= reached


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_exists_with_its_options(page: Path) -> None:
    for line in commands(page):
        command_of(shlex.split(line))


def test_every_setting_that_is_named_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"\bEXAMCAL_[A-Z_]+[A-Z]", page.read_text("utf-8"))}
    assert settings_named(sorted(named - {"EXAMCAL_NAME"})) == []  # stands for any setting


def test_every_test_that_is_named_exists() -> None:
    tests = "".join(path.read_text("utf-8") for path in ROOT.glob("tests/*/**/test_*.py"))
    known = set(re.findall(r"def (test_\w+)", tests)) | {path.stem for path in ROOT.glob("tests/**/test_*.py")}
    named = {name for page in PAGES for name in re.findall(r"\btest_\w+", page.read_text("utf-8"))}
    assert named - known == set()


def test_every_library_has_a_line_that_says_why() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[<>=;]", one)[0] for one in asked} - {"examcal"}
    said = (ROOT / "docs" / "explanation" / "dependencies.md").read_text("utf-8").lower().replace(" ", "-")
    silent = {name for name in names - _SAID_OTHERWISE if name.lower().removesuffix("2") not in said}
    assert silent == set()
