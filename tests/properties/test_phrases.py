"""Every phrase that can be generated is read as it was meant, and every reading can be written and read again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from examcal.schedule.announcement import lines
from examcal.schedule.draft import draft
from examcal.schedule.loader import SourceText, load
from examcal.schedule.phrases import folded
from examcal.schedule.plain import plain_edge, plain_window
from examcal.schedule.when import LONGEST_PHRASE, PhraseError, WindowReading, edge_text, read_edge, read_window

ZONE = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"

days = st.dates(date(1995, 1, 1), date(2199, 6, 1))
minutes = st.none() | st.integers(0, 1440)


@dataclass(frozen=True)
class Meant:
    """A window as meant: days and minutes since midnight."""

    first: date
    last: date
    since: int | None
    until: int | None

    def opens(self) -> datetime:
        return datetime.combine(self.first, datetime.min.time(), ZONE) + timedelta(minutes=self.since or 0)

    def closes(self) -> datetime:
        return datetime.combine(self.last, datetime.min.time(), ZONE) + timedelta(
            minutes=1440 if self.until is None else self.until
        )


windows = st.builds(
    lambda first, length, since, until: Meant(first, first + timedelta(days=length), since, until),
    days,
    st.integers(0, 150),
    minutes,
    minutes,
)


@dataclass(frozen=True)
class Spelling:
    """How an announcement writes: units or dashes, clock, joint, elisions, weekday, width, spaces."""

    numeric: bool
    written_hours: bool
    half_days: bool
    joint: str
    elide_year: bool
    elide_month: bool
    weekdays: bool
    wide: bool
    spaced: bool
    republic: bool

    def day(self, day: date, *, year: bool = True, month: bool = True) -> str:
        if self.numeric:
            return day.isoformat()
        shown_year = f"{day.year - 1911}年" if self.republic and 100 <= day.year - 1911 <= 140 else f"{day.year}年"
        text = (shown_year if year else "") + (f"{day.month}月" if month or year else "") + f"{day.day}日"
        return text + (f"(星期{WEEKDAYS[day.weekday()]})" if self.weekdays else "")

    def clock(self, minute: int | None) -> str:
        if minute is None:
            return ""
        hour, rest = divmod(minute, 60)
        half = ""
        if self.half_days and not self.numeric and 13 <= hour < 24:
            half, hour = "下午", hour - 12
        elif self.half_days and not self.numeric and 1 <= hour < 12:
            half = "上午"
        if self.written_hours and not self.numeric:
            return f"{half}{hour}时" + (f"{rest}分" if rest else "")
        return f"{half or ' '}{hour}:{rest:02d}"

    def window(self, meant: Meant) -> str:
        same_year = meant.first.year == meant.last.year
        year = not (self.elide_year and same_year)
        month = not (self.elide_month and same_year and meant.first.month == meant.last.month and not year)
        last = self.day(meant.last, year=year, month=month)
        start, end = self.joint.split("…") if "…" in self.joint else ("", "")
        middle = "起至" if "…" in self.joint else self.joint
        text = f"{start}{self.day(meant.first)}{self.clock(meant.since)}{middle}{last}{self.clock(meant.until)}{end}"
        if self.spaced:
            text = " ".join(text.split(" ")).replace("年", " 年 ").replace("月", " 月 ")
        if self.wide:
            text = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() or c in ":()" else c for c in text)
        return text


spellings = st.builds(
    Spelling,
    numeric=st.booleans(),
    written_hours=st.booleans(),
    half_days=st.booleans(),
    joint=st.sampled_from(["至", "到", "-", "—", "——", "–", "~", "～", " 至 ", "一", "自…止", "从…截止"]),
    elide_year=st.booleans(),
    elide_month=st.booleans(),
    weekdays=st.booleans(),
    wide=st.booleans(),
    spaced=st.booleans(),
    republic=st.booleans(),
)


@given(windows, spellings)
@example(
    Meant(date(2026, 1, 29), date(2026, 2, 11), 600, 1440),
    Spelling(
        numeric=False, written_hours=True, half_days=False, joint="自…止", elide_year=True, elide_month=True,
        weekdays=True, wide=True, spaced=True, republic=True,
    ),
)  # fmt: skip
def test_generated_phrase_is_read_as_it_was_meant(meant: Meant, spelling: Spelling) -> None:
    assume(meant.opens() < meant.closes())
    assume(spelling.joint != "一" or not (spelling.numeric or spelling.weekdays))
    assume(meant.since is not None or not spelling.numeric or "一" not in spelling.joint)
    reading = read_window(spelling.window(meant), zone=ZONE)
    assert reading.opens is not None
    assert reading.closes is not None
    assert (reading.opens.at, reading.closes.at) == (meant.opens(), meant.closes())
    assert (reading.opens.named_on, reading.closes.named_on) == (meant.first, meant.last)
    assert read_window(reading.text, zone=ZONE) == reading


@given(windows, spellings)
def test_plain_window_is_what_the_grammar_reads(meant: Meant, spelling: Spelling) -> None:
    phrase = spelling.window(meant).strip()
    plain = plain_window(phrase, ZONE)
    if plain is not None:
        assert plain == read_window(f"{phrase}。", zone=ZONE)  # no plain form has a full stop


PLAIN = st.text("0123456789年月日时点:： -至到—～T起", max_size=12)


@given(days, st.text("0123456789", max_size=4), PLAIN, st.booleans())
@example(date(2026, 2, 28), "9", "年2月28日24:00", True)  # noqa: FBT003 -- a closing edge
def test_plain_date_is_what_the_grammar_reads(day: date, digits: str, rest: str, closing: bool) -> None:  # noqa: FBT001
    for phrase in (f"{day}{rest}", f"{day.year}年{day.month}月{day.day}日{rest}", f"{digits}{rest}"):
        plain = plain_edge(phrase, ZONE, closing=closing)
        if plain is not None:
            assert plain == read_edge(f"{phrase},", zone=ZONE, closing=closing)
        window = plain_window(f"{phrase}至{phrase}", ZONE)
        assert window is None or window == read_window(f"{phrase}至{phrase}。", zone=ZONE)


@given(days, minutes, st.booleans())
def test_edge_round_trips(day: date, minute: int | None, closing: bool) -> None:  # noqa: FBT001 -- a strategy's value
    clock = "" if minute is None else f" {minute // 60:02d}:{minute % 60:02d}"
    edge = read_edge(f"{day}{clock}", zone=ZONE, closing=closing)
    assert edge_text(edge) == f"{day}{clock}"
    assert edge.named_on == day


WORDS = """
2026年 1月 29日 10时 24时 9:00 下午 晚 上午 12点 至 - — 一 、 , ; 。 ( ) 起 止 前 后 自 截止 每日 不含周末 星期四 待定
另行通知 以公告为准 考试前 10天 24小时内 12910时 37 98日 202637 次日 当日 次年 2026-01-29 2.11 预计 报名 于 T10:00 Z
+08:00 : 半 分 二〇二六年 十一月 三十一日 99 0 开始 结束
"""
fragments = st.sampled_from(WORDS.split())
fuzz = st.lists(fragments | st.text(max_size=3), max_size=24).map("".join)


def outcome(text: str, year: int | None) -> WindowReading | PhraseError:
    try:
        return read_window(text[:LONGEST_PHRASE], zone=ZONE, year=year)
    except PhraseError as refused:
        return refused


@given(fuzz, st.none() | st.integers(1900, 2300))
@example("2026年3月5日至3月11日(9:00-8:00)", None)
@example("2026年2026年12910时12910时", None)
@example("024时", None)
@example("12月31日", 9999)
def test_any_text_is_read_or_refused_and_a_reading_can_be_written(text: str, year: int | None) -> None:
    found = outcome(text, year)
    if isinstance(found, PhraseError):
        assert 0 <= found.offset <= len(text)
        assert found.text("zh-CN")
        assert len(set(found.readings)) == len(found.readings)
        return
    assert read_window(found.text, zone=ZONE) == found
    assert found.opens is None or found.closes is None or found.opens.at < found.closes.at


@given(fuzz)
def test_any_reading_of_a_refused_phrase_is_itself_a_phrase(text: str) -> None:
    found = outcome(text, 2026)
    for reading in found.readings if isinstance(found, PhraseError) else ():
        read_window(reading, zone=ZONE)


@given(st.text())
def test_folding_keeps_every_position(text: str) -> None:
    assert len(folded(text)) == len(text)


markup = st.sampled_from(
    ["<p>", "</p>", "<td>", "<script>", "<!--", "&amp;", "\n", "\x00", "\u2028", "=?", "海淀区:88364069 "]
)


@given(st.lists(fuzz | markup, max_size=20).map("".join), st.none() | st.integers(2000, 2100))
def test_draft_of_any_text_loads_when_a_milestone_is_certain(text: str, year: int | None) -> None:
    drafted = draft(text, year=year, source_name="notice.txt")
    if "milestones:\n      []" not in drafted and "\n      - id: " in drafted:
        load([SourceText("draft.yaml", drafted.encode())], today=date(2026, 11, 25))
    assert yaml.load(drafted, yaml.CSafeLoader)["exams"][0]["name"]


@given(st.lists(fuzz | markup, max_size=20).map("".join))
def test_lines_keep_their_numbers(text: str) -> None:
    found = lines(text)
    assert [line.number for line in found] == sorted(line.number for line in found)
    assert all(1 <= line.number <= text.count("\n") + text.count("\r") + 1 for line in found)
