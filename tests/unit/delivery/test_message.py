"""Messages: what they say, what they never let through, and the templates an office may replace."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_file

import examcal.delivery
from examcal.channels.email_message import FOOTER_MARK
from examcal.channels.port import Message
from examcal.delivery.message import Renderer
from examcal.delivery.message_templates import TemplateFaultError, pieces
from examcal.errors import Sentence
from examcal.schedule.model import Kind, Occurrence, Status
from examcal.texts import translate
from support.schedules import everything, occurrence, rule, text

SCHEDULE = everything()
EXAM = SCHEDULE.exams[0]
ZONE = ZoneInfo("Asia/Shanghai")
RENDERER = Renderer("https://exam.example.org/")


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZONE)


def found(milestone_id: str, site: str | None = None) -> Occurrence:
    milestone = EXAM.milestone(milestone_id)
    assert milestone is not None
    return milestone.at_site(site)


def remind(
    one: Occurrence,
    written: str,
    now: str,
    *,
    renderer: Renderer = RENDERER,
    language: str = "zh-CN",
    late_since: str | None = None,
) -> Message:
    return renderer.reminder(
        one,
        EXAM,
        SCHEDULE,
        rule(written),
        language=language,
        now=at(now),
        late=late_since is not None,
        due_at=at(late_since) if late_since else None,
    )


def first_line(message: Message) -> str:
    return message.text.splitlines()[0]


@pytest.mark.parametrize(
    ("milestone_id", "written", "now", "expected"),
    [
        (
            "registration",
            "closes -1d",
            "2026-02-10T09:00",
            "请在2026年2月11日（周三）24:00前完成「网上报名」，还剩1天15小时。",
        ),
        (
            "registration",
            "closes -1d",
            "2026-01-28T09:00",
            "请在2026年2月11日（周三）24:00前完成「网上报名」，还剩14天。",
        ),
        (
            "registration",
            "opens",
            "2026-01-28T10:00",
            "「网上报名」将于2026年1月29日（周四）10:00开始，还有1天。截止时间：2026年2月11日（周三）24:00。",
        ),
        (
            "registration",
            "opens",
            "2026-01-29T10:00",
            "「网上报名」已开始，请在2026年2月11日（周三）24:00前完成，还剩13天。",
        ),
        ("registration", "opens", "2026-02-12T00:00", "「网上报名」已于2026年2月11日（周三）24:00截止。"),
        ("registration", "closes", "2026-02-12T00:00", "「网上报名」已于2026年2月11日（周三）24:00截止。"),
        (
            "onsite-review",
            "closes -3d",
            "2026-03-12T08:00",
            "请最迟在2026年3月12日（周四）完成「现场审核」，还剩今天一天。",
        ),
        (
            "onsite-review",
            "opens",
            "2026-03-01T08:00",
            "「现场审核」已开始，请最迟在2026年3月12日（周四）完成，还剩11天。",
        ),
        (
            "skills-ticket",
            "opens -1d",
            "2026-06-02T20:00",
            "「打印准考证」预计2026年6月3日（周三）开始，就在明天。",
        ),
        (
            "skills-ticket",
            "opens",
            "2026-06-03T09:00",
            "「打印准考证」预计2026年6月3日（周三）开始，现在应已开始，请查看官方公告。",
        ),
        ("skills-exam", "opens -7d", "2026-06-06T09:00", "距「实践技能考试」还有7天：2026年6月13日（周六）。"),
        ("skills-exam", "opens -7d", "2026-06-14T09:00", "「实践技能考试」就在今天：2026年6月14日（周日）。"),
        ("skills-exam", "opens -7d", "2026-06-21T09:00", "「实践技能考试」的日期已过：2026年6月20日（周六）。"),
        (
            "written-exam",
            "opens -7d",
            "2026-08-15T09:00",
            "「医学综合考试」将于2026年8月22日（周六）09:00开始，还有7天。",
        ),
        (
            "written-exam",
            "opens",
            "2026-08-22T09:00",
            "「医学综合考试」已开始，2026年8月23日（周日）16:30结束。",
        ),
        (
            "written-exam",
            "closes -1h",
            "2026-08-23T15:30",
            "「医学综合考试」2026年8月23日（周日）16:30结束，还剩1小时。",
        ),
        ("score-1", "opens", "2026-09-19T10:00", "「医学综合考试第一试成绩查询」就在今天：2026年9月19日（周六）。"),
        ("score-2", "opens -1d", "2026-11-26T10:00", "「成绩发布」：2026年11月27日（周五）10:00，还有1天。"),
        ("score-2", "opens", "2026-11-27T10:00", "「成绩发布」的时间到了：2026年11月27日（周五）10:00。"),
        ("skills-fee", "opens", "2026-05-01T10:00", "「实践技能考试缴费」时间待定。"),
    ],
)
def test_the_first_line_says_what_to_do_and_by_when(milestone_id: str, written: str, now: str, expected: str) -> None:
    assert first_line(remind(found(milestone_id), written, now)) == expected


def test_other_windows_than_those_of_candidates_read_well_too() -> None:
    news = occurrence("e", "m", Kind.ANNOUNCEMENT, name=text("公示"), opens="2026-05-01", closes="2026-05-08 17:00")
    assert first_line(remind(news, "closes -1d", "2026-05-07T09:00")) == (
        "「公示」2026年5月8日（周五）17:00截止，还剩1天8小时。"
    )
    assert first_line(remind(news, "opens", "2026-05-01T09:00")) == (
        "「公示」已开始，2026年5月8日（周五）17:00截止，还剩7天8小时。"
    )
    guess = replace(news, status=Status.EXPECTED)
    assert first_line(remind(guess, "closes", "2026-05-09T09:00")) == (
        "「公示」预计2026年5月8日（周五）17:00截止，现在应已截止，请查看官方公告。"
    )
    gate = occurrence("e", "m", Kind.TICKET, name=text("打印准考证"), opens="2026-06-03 09:00")
    assert first_line(remind(gate, "opens", "2026-06-03T09:00")) == "「打印准考证」已于2026年6月3日（周三）09:00开始。"


def test_the_time_left_follows_now_and_not_the_rule() -> None:
    message = remind(found("registration"), "closes -3d 09:00", "2026-02-11T22:00")
    assert "还剩2小时" in first_line(message)
    assert "3天" not in first_line(message)


def test_a_late_reminder_says_so_and_when_it_was_due() -> None:
    message = remind(found("registration"), "closes -1d", "2026-02-11T21:29", late_since="2026-02-10T09:00")
    assert message.subject == "【补发】【2月11日（周三）24:00截止】网上报名 · 2026年医师资格考试(北京考区)"
    for body in (message.text, message.html, message.markdown):
        assert "【补发】这条提醒原定2026年2月10日（周二）09:00发出，现在补发，已经迟到" in body
        assert "还剩2小时31分钟" in body


def test_an_expected_date_says_so_wherever_it_stands() -> None:
    message = remind(found("skills-ticket"), "opens -1d 20:00", "2026-06-02T20:00")
    for body in (message.subject, message.text, message.html, message.markdown):
        dates = re.findall(r"(.{2})(?:2026年)?6月3日", body)
        assert dates
        assert set(dates) == {"预计"}
    assert "日期为预计，尚未正式公布，请以官方公告为准。" in message.text


def test_a_message_names_conditions_place_contact_source_and_how_to_stop() -> None:
    message = remind(found("onsite-review", "fangshan"), "closes -3d", "2026-03-08T09:00")
    for expected in (
        "前提：「网上报名」已完成",
        "考点：房山区",
        "办理时段：周一至周五 09:00–11:00 14:00–16:30",
        "地点：良乡政通西里16号",
        "房山区：81380537",
        "2026年1月20日发布，2026年11月22日核对",
        "原文：“网上报名时间为2026年1月29日10时至2月11日24时；逾期不予受理，不再补报。”",
        "详情：https://exam.example.org/physician-2026-beijing/fangshan/#m-onsite-review",
        "不想再收到，请退订或告知发信人。",
    ):
        assert expected in message.text
    assert message.text.count("81380537") == 1


def test_area_wide_messages_list_the_phones_of_all_sites() -> None:
    message = remind(found("onsite-review"), "closes -3d", "2026-03-08T09:00")
    assert "各考点电话：顺义区 89453181/89453182、房山区 81380537" in message.text
    assert "各考点在此期间内自定具体时间和地点" in message.text
    assert "由单位办理，考生本人无须办理。" in message.text


def test_papers_are_named_and_tracks_where_not_all_are_meant() -> None:
    message = remind(found("written-exam"), "opens -7d", "2026-08-15T09:00")
    assert "仅适用于" not in message.text
    fee = remind(found("skills-fee"), "opens", "2026-05-01T10:00")
    assert "仅适用于：首次报考\n前提：「现场审核」已通过\n" in fee.text
    assert "  第一单元：2026年8月22日（周六）09:00至11:30\n" in message.text


def test_a_zone_abroad_is_named_and_converted() -> None:
    abroad = SCHEDULE.exams[1]
    seat = abroad.milestones[-1].area
    message = RENDERER.reminder(
        seat, abroad, SCHEDULE, rule("closes -1d"), language="zh-CN", now=at("2026-10-30T09:00")
    )
    assert "时区：Pacific/Chatham，按北京时间为2026年10月31日（周六）18:45" in message.text


def test_forty_tasks_long_names_and_long_notes_are_all_there() -> None:
    one = replace(found("certificate"), notes=found("written-exam").notes)
    message = remind(one, "closes -3d", "2027-01-02T09:00")
    assert message.html.count("<li ") == 40
    assert one.notes is not None
    for body in (message.text, message.html):
        assert str(one.notes) in body
        assert str(one.name) in body
    assert str(one.name) in message.subject
    assert max(len(line.encode()) for line in message.markdown.splitlines()) < 1000


def test_markup_in_a_schedule_stays_text() -> None:
    hostile = "<@all> `x` **b** [点我](http://evil.example) <script>alert(1)</script>"
    one = replace(found("registration"), name=text(hostile), notes=text(hostile), url="javascript:alert(1)")
    message = remind(one, "closes -1d", "2026-02-10T09:00")
    assert "<@all>" not in message.markdown
    assert "`" not in message.markdown
    assert "](http://evil" not in message.markdown
    assert "<script>" not in message.html
    assert 'href="javascript' not in message.html
    assert hostile in message.text


def test_a_subject_is_one_line() -> None:
    message = remind(replace(found("registration"), name=text("网上\r\n报名")), "closes -1d", "2026-02-10T09:00")
    assert message.subject == "【2月11日（周三）24:00截止】网上 报名 · 2026年医师资格考试(北京考区)"


def test_html_loads_nothing_and_knows_the_dark() -> None:
    page = remind(found("registration"), "closes -1d", "2026-02-10T09:00").html
    assert not re.search(r"<(img|link|script|iframe)|src=|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page
    assert 'name="color-scheme" content="light dark"' in page
    assert 'name="viewport"' in page
    assert '<html lang="zh-CN">' in page
    assert page.count(FOOTER_MARK) == 1


def test_markdown_keeps_to_the_subset_of_wecom() -> None:
    lines = remind(found("written-exam"), "opens -7d", "2026-08-15T09:00").markdown.splitlines()
    assert not [line for line in lines if re.match(r"\s*([-*+] |\||!\[|---|```)", line)]
    colours = set(re.findall(r"<font color=\"(\w+)\">", "\n".join(lines)))
    assert colours <= {"info", "comment", "warning"}


def test_the_calendar_is_attached_where_there_is_a_date() -> None:
    dated = remind(found("registration"), "closes -1d", "2026-02-10T09:00")
    assert dated.calendar is not None
    assert dated.calendar.startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"METHOD" not in dated.calendar
    assert "打开附件（.ics）即可加入日历。" in dated.html
    undated = remind(found("skills-fee"), "opens", "2026-05-01T10:00")
    assert undated.calendar is None
    assert ".ics" not in undated.html


def test_rendering_twice_gives_the_same_message() -> None:
    first = remind(found("registration"), "closes -1d", "2026-02-10T09:00")
    again = remind(
        found("registration"), "closes -1d", "2026-02-10T09:00", renderer=Renderer("https://exam.example.org/")
    )
    assert first == again
    assert first.written_at == at("2026-02-10T09:00")


def test_without_pages_there_is_no_link_to_them() -> None:
    message = remind(found("registration"), "closes -1d", "2026-02-10T09:00", renderer=Renderer())
    assert message.action_url is None
    assert "查看全部日程" not in message.html


def test_english_messages_have_no_chinese_words_of_ours() -> None:
    plain = replace(found("registration"), tasks=(), sources=(), contacts=(), notes=None, status=Status.EXPECTED)
    exam = replace(EXAM, contacts=())
    message = RENDERER.reminder(
        plain, exam, SCHEDULE, rule("closes -1d"), language="en", now=at("2026-02-10T09:00"), late=True
    )
    for body in (message.subject, message.text, message.markdown, message.html.partition("<body")[2].partition(">")[2]):
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", body)


def test_a_summary_and_a_test_message_have_all_bodies() -> None:
    title = Sentence("Test message from examcal: channel {channel} works.", {"channel": "email"})
    summary = RENDERER.summary(title, (title, title), language="en", now=at("2026-02-10T09:00"))
    assert summary.category == "summary"
    probe = RENDERER.test("wecom:staff", at("2026-02-10T09:00"), "zh-CN")
    assert probe.category == "test"
    assert probe.subject == "examcal 测试消息：渠道 wecom:staff 可用。"
    for body in (probe.text, probe.html, probe.markdown):
        assert "目前没有到期的提醒" in body


# Templates of an office ----------------------------------------------------------------------------------------------


def test_an_office_may_replace_a_template(tmp_path: Path) -> None:
    (tmp_path / "reminder.text.j2").write_text("{{ m.lead }}\n—— 本院人事科\n", encoding="utf-8")
    message = remind(found("registration"), "closes -1d", "2026-02-10T09:00", renderer=Renderer("", tmp_path))
    assert message.text.endswith("—— 本院人事科\n")
    assert "<h1" in message.html


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{{ m.lead }}\n\n{{ m.teh_lead }}\n", 3),
        ("{{ m.lead }}\n{% if %}\n", 2),
        ("{{ m.__class__.__mro__ }}\n", 1),
        ("\n{{ m.tasks[99] }}\n", 2),
        ("\n{{ 1 / 'x' }}\n", 2),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path: Path, template: str, line: int) -> None:
    (tmp_path / "reminder.text.j2").write_text(template, encoding="utf-8")
    with pytest.raises(TemplateFaultError) as raised:
        remind(found("registration"), "closes -1d", "2026-02-10T09:00", renderer=Renderer("", tmp_path))
    assert f"消息模板 reminder.text.j2 第 {line} 行出错" in raised.value.text("zh-CN")


ENDLESS = {
    "a loop": "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
    "a macro": "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "doubling": "{% set n = namespace(x='1234567890') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "adding": "{% set n = namespace(x='1234567890') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "output": "{% for a in range(90000) %}{{ '1234567890' * 20 }}{% endfor %}",
    "times": "{{ 'x' * 1000000000 }}",
    "power": "{{ 9 ** 99999999 }}",
    "a width": "{{ 'x'.center(1000000000) }}",
    "a centre": "{{ 'x' | center(1000000000) }}",
    "a field": "{{ '%1000000000d' % 1 }}",
    "a format": "{{ '{:>1000000000}'.format(1) }}",
    "a filter": "{{ '%1000000000d' | format(1) }}",
    "itself": "{% include 'reminder.text.j2' %}",
    "nothing": "{{ 1 / 0 }}",
}


@pytest.mark.parametrize("template", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_template_ends_soon_and_writes_no_gigabyte(tmp_path: Path, template: str) -> None:
    (tmp_path / "reminder.text.j2").write_text(template, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(TemplateFaultError) as raised:
        remind(found("registration"), "closes -1d", "2026-02-10T09:00", renderer=Renderer("", tmp_path))
    assert time.process_time() - began < 5
    assert "reminder.text.j2" in raised.value.text("zh-CN")


def test_what_an_office_may_write_in_a_template_still_works(tmp_path: Path) -> None:
    (tmp_path / "reminder.text.j2").write_text(
        "{% for row in m.rows %}{{ loop.index }}/{{ loop.length }} {{ row.label ~ ':' ~ row.lines | join(' ') }}\n"
        "{% endfor %}"
        "{% for n in range(3) | list %}{{ n * 2 + 1 }}{% endfor %} {{ '%05.1f' % 2.5 }} {{ '{:>6}'.format(7) }} "
        "{{ 'a' * 3 }} {{ 'https://example.org/%20?n=1234567' | e }} {{ 2026022711 | string | center(14) }}|",
        encoding="utf-8",
    )
    message = remind(found("registration"), "closes -1d", "2026-02-10T09:00", renderer=Renderer("", tmp_path))
    assert message.text.startswith("1/")
    assert message.text.endswith("135 002.5      7 aaa https://example.org/%20?n=1234567   2026022711  |\n")


def test_a_broken_template_costs_nobody_a_reminder(tmp_path: Path) -> None:
    (tmp_path / "reminder.text.j2").write_text("{{ nothing }}", encoding="utf-8")
    heard: list[TemplateFaultError] = []
    renderer = Renderer("https://exam.example.org/", tmp_path, on_fault=heard.append)
    assert remind(found("registration"), "closes -1d", "2026-02-10T09:00", renderer=renderer) == remind(
        found("registration"), "closes -1d", "2026-02-10T09:00"
    )
    assert len(heard) == 1


def test_templates_can_be_tried_before_anything_is_due(tmp_path: Path) -> None:
    assert Renderer().faults() == ()
    (tmp_path / "change.html.j2").write_text("{{ nothing }}", encoding="utf-8")
    (tmp_path / "summary.subject.j2").write_text("{% if %}", encoding="utf-8")
    faults = [fault.text("en") for fault in Renderer("", tmp_path).faults()]
    assert [fault.partition(":")[0] for fault in faults] == [
        "the message template change.html.j2 fails at line 1",
        "the message template summary.subject.j2 fails at line 1",
    ]


def test_long_texts_are_cut_at_sentence_ends() -> None:
    assert pieces("一二三。四五六。七", size=5) == ["一二三。", "四五六。七"]
    assert pieces("东城区，西城区，朝阳区。", size=5) == ["东城区，", "西城区，", "朝阳区。"]
    assert pieces("一" * 12, size=5) == ["一" * 5, "一" * 5, "一" * 2]
    assert "".join(pieces("考生须本人到场，携带证件。" * 40)) == "考生须本人到场，携带证件。" * 40


# Catalogue -----------------------------------------------------------------------------------------------------------


def message_identifiers() -> set[str]:
    folder = Path(examcal.delivery.__file__).parent
    found_texts: set[str] = set()
    words = dict.fromkeys(("translate", "say", "Sentence"))
    for source in [*folder.glob("message*.py"), folder / "wording.py"]:
        found_texts |= {entry[1] for entry in extract_from_file("python", source, keywords=words)}
    for source in (folder / "templates").glob("*.j2"):
        found_texts |= {
            entry[1] for entry in extract_from_file("jinja2.ext:babel_extract", source, keywords={"t": None})
        }
    return found_texts


@pytest.mark.parametrize("msgid", sorted(message_identifiers()))
def test_every_sentence_has_chinese_words(msgid: str) -> None:
    assert translate(msgid, "zh-CN") != msgid
