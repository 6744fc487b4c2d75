"""Every sentence of the pages has its Chinese, and 24:00 stays on its named day."""

from __future__ import annotations

import ast
import gettext
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from examcal import pages
from examcal.pages import words as spoken
from examcal.pages.words import CHANGES, KINDS, OPEN_DAYS, STATUSES, ZONES, Words
from examcal.schedule.changes import ChangeKind
from examcal.schedule.model import Kind, Status
from support import schedules

PACKAGE = Path(pages.__file__).parent


def _in_templates() -> Iterator[str]:
    for template in sorted(PACKAGE.glob("templates/*.html")):
        for call in Environment(autoescape=True).parse(template.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t":
                assert isinstance(call.args[0], nodes.Const), f"{template.name}: only literals are translated"
                yield call.args[0].value


def _in_modules() -> Iterator[str]:
    for module in sorted(PACKAGE.glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "t":
                argument = node.args[0]
                yield from [argument.value] if isinstance(argument, ast.Constant) else []


def _message_ids() -> set[str]:
    tables: tuple[dict[object, str], ...] = (KINDS, STATUSES, OPEN_DAYS, CHANGES, ZONES)  # type: ignore[assignment]
    return {*_in_templates(), *_in_modules(), *(text for table in tables for text in table.values())}


def _catalogue() -> gettext.GNUTranslations:
    with (files("examcal.texts") / "catalogs/zh_CN/pages.mo").open("rb") as stream:
        return gettext.GNUTranslations(stream)


def test_every_sentence_has_its_chinese() -> None:
    known = _catalogue()
    assert [text for text in sorted(_message_ids()) if known.gettext(text) == text] == []


def test_catalogue_has_no_sentence_that_nobody_says() -> None:
    known = {key for key in _catalogue()._catalog if key}  # type: ignore[attr-defined]
    assert known - _message_ids() == set()


def test_every_kind_status_and_change_has_a_name() -> None:
    assert set(KINDS) == set(Kind)
    assert set(STATUSES) == set(Status)
    assert {kind.value for kind in ChangeKind} <= set(CHANGES)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-CN", "2026年2月11日 周三 24:00（当晚12点）"),
        ("en", "Wed 11 Feb 2026 24:00 (midnight at the end of the day)"),
    ],
)
def test_midnight_at_the_end_of_a_day_stays_on_that_day(language: str, said: str) -> None:
    assert Words(language).moment(schedules.edge("2026-02-11 24:00")).text == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"opens": "2026-01-29 10:00", "closes": "2026-02-01"}, "2026年1月29日 周四 10:00 至 2026年2月1日 周日"),
        ({"closes": "2026-03-12"}, "截止 2026年3月12日 周四"),
        ({"opens": "2026-06-03", "status": Status.EXPECTED}, "预计 开始 2026年6月3日 周三"),
        ({"on": ["2026-06-13", "2026-06-14"]}, "2026年6月13日 周六；2026年6月14日 周日"),
        ({"at": "2026-11-27 10:00"}, "2026年11月27日 周五 10:00"),
        ({}, "待定"),
        ({"on": "2026-11-14", "status": Status.CANCELLED}, "已取消 2026年11月14日 周六"),
    ],
)  # fmt: skip
def test_one_line_says_when(fields: dict[str, object], said: str) -> None:
    occurrence = schedules.occurrence("exam", "step", **fields)  # type: ignore[arg-type]
    assert Words("zh-CN").when(occurrence) == said


def test_a_text_in_another_language_than_the_page_says_so() -> None:
    assert Words("en").said(schedules.text("报名 <b>")) == '<span lang="zh-CN">报名 &lt;b&gt;</span>'
    assert Words("en").said(schedules.text("报名", "Sign up")) == "Sign up"
    assert spoken.locale("zh-CN").language == "zh"
