"""Where an announcement speaks of dates: its clauses, each with the words around it and what it can be about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from examcal.schedule.columns import cells_of, dated_cells, edge_columns, is_edge, label_of, phrase_of
from examcal.schedule.lines import Line, unspaced
from examcal.schedule.mentions import (
    asides,
    elements_of,
    has_date,
    has_hours,
    is_dates_alone,
    is_end_alone,
    is_hours_alone,
    is_start,
    without_asides,
)
from examcal.schedule.model import Kind
from examcal.schedule.numbering import outline_numbers, without_outline_number
from examcal.schedule.phrases import LONGEST_PHRASE, Mark, Token, folded
from examcal.schedule.unread import qualifies


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a line that states one date or window, and the words around it.

    ``phrase`` is what is read of it: the text without row numbers. ``lead`` stands before it in the line, ``tail``
    after a comma, ``heading`` is the short line above, ``label`` what the row is about, ``column`` what its column.
    ``has_date`` is false where it only puts a date off. ``torn`` is a digit before it that its first number may need.
    """

    number: int
    text: str
    phrase: str
    lead: str = ""
    tail: str = ""
    heading: str = ""
    has_date: bool = True
    is_hidden: bool = False
    torn: str = ""
    label: str = ""
    column: str = ""

    @property
    def kind(self) -> tuple[Kind, str]:
        """The kind that its words suggest, and the word; the nearest words that suggest any decide."""
        said = _AUTHORITY.sub("", without_asides(self.phrase))
        for words in (said, self.phrase, self.tail, self.lead, self.heading):
            found = _kind(words)
            if found:
                return found
        return Kind.OTHER, ""


_AUTHORITY = re.compile("以[^,，;；。]{0,30}为准")
"""What decides in the end (以准考证为准) is not what the date is about."""

# In order: a later word is often part of an earlier one's sentence ("资格考试报名资格审核" is a review).
_KIND_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.ANNOUNCEMENT, re.compile("(?:公布|发布|公告)[^,，。]{0,20}(?:起止|具体)(?:时间|日期)|发[布文](?:时间|日期)")),
    (Kind.TICKET, re.compile("准考证")),
    (Kind.PAYMENT, re.compile("缴费|交费|缴纳|支付|收费")),
    (Kind.SCORE, re.compile("成绩|查分|分数|合格线")),
    (
        Kind.CERTIFICATE,
        re.compile("(?:领取|发放|颁发|核发)[^,，。]{0,12}证书|证书[^,，。]{0,8}(?:领取|发放|颁发|核发)|领证"),
    ),
    (Kind.REVIEW, re.compile("审核|审查|核查|现场确认|网上确认|信息确认|复核|[初复终]审")),
    (Kind.REGISTRATION, re.compile("报名|填报|报考")),
    (Kind.EXAM, re.compile("笔试|面试|机试|口试|初试|复试|考试|考核|[一二]试")),
    (Kind.ANNOUNCEMENT, re.compile("公告|公布|发布|公示")),
)


def _kind(words: str) -> tuple[Kind, str] | None:
    words = unspaced(words)
    return next(((kind, match.group()) for kind, pattern in _KIND_WORDS if (match := pattern.search(words))), None)


def clauses(lines: Sequence[Line]) -> Iterator[Clause]:
    """Yield the clauses that state dates (or put them off), in the order of the text."""
    heading: str = ""
    header: tuple[str, ...] = ()
    numbers = outline_numbers(lines)
    for line in lines:
        cells = cells_of(line)
        phrase = without_outline_number(phrase_of(line, edge_columns(header)), numbers)
        above = line.context or heading
        found = [*_in_columns(line, cells, header)] or [*_in_line(line, phrase, _above_row(cells, header) or above)]
        label = label_of(cells) if found and line.cells else ""
        yield from (replace(clause, label=label) for clause in found)
        heading = line.text if not found and _is_heading(line.text) else ""
        header = _header_after(cells, header, has_dates=bool(found))


_NAMES_COLUMNS = re.compile("时间|日期|开始|结束|截止")


def _header_after(cells: tuple[str, ...], header: tuple[str, ...], *, has_dates: bool) -> tuple[str, ...]:
    """Return the header of the rows that follow: the first row without dates, or a later one that names columns."""
    if cells and header and (has_dates or not _NAMES_COLUMNS.search(" ".join(cells))):
        return header
    return () if has_dates else cells


_LONGEST_HEADING = 60
_ENDS_A_SENTENCE = re.compile(r"[。；;！!][）)”\"]?$")


def _is_heading(text: str) -> bool:
    return len(text) <= _LONGEST_HEADING and not _ENDS_A_SENTENCE.search(text)


def _above_row(cells: Sequence[str], header: Sequence[str]) -> str:
    """Return what the header says of the dates of a row: the name of their column, else the whole header."""
    if len(cells) != len(header):
        return ""
    dated = dated_cells(cells)
    column = header[dated[0]] if dated else ""
    return column if _kind(column) else " ".join(header)


def _in_columns(line: Line, cells: Sequence[str], header: Sequence[str]) -> Iterator[Clause]:
    """Yield the clauses of a row whose columns state dates of different things, as the header says.

    A column of ends (报名截止) or of starts says so for the date in it.
    """
    if not line.cells or len(cells) != len(header):
        return
    put_off = [column for column, cell in enumerate(cells) if _ENTRY_PUT_OFF.match(folded(cell))]
    dated = [column for column in put_off if not _NO_TIME.search(header[column])]
    dated = sorted({*dated, *dated_cells(cells)})
    names = {header[column] for column in dated}
    is_each = len(dated) > 1 and len(names) == len(dated) and all(_kind(name) for name in names)
    if is_each and len({_kind(name) for name in names}) < len(names):
        is_each = not any(is_edge(name) for name in names)  # 报名开始 and 报名截止 are one window
    if not is_each and not (len(dated) == 1 and is_edge(header[dated[0]]) and not _has_hours_beside(cells, dated[0])):
        return
    for column in dated:
        name, cell = header[column], cells[column]
        phrase = f"{name}:{cell}" if is_edge(name) else cell
        for clause in _in_line(replace(line, text=phrase, cells=()), phrase, name):
            yield replace(clause, text=line.text, column=name if len(name) <= _LONGEST_COLUMN else "")


_LONGEST_COLUMN = 10
_NO_TIME = re.compile("地[点址]|备注|说明|电话|方式|网[站址]|人")


def _has_hours_beside(cells: Sequence[str], dated: int) -> bool:
    return any(has_hours(cell) or is_hours_alone(cell) for column, cell in enumerate(cells) if column != dated)


def _in_line(line: Line, phrase: str, heading: str) -> Iterator[Clause]:
    """Yield the clauses of one line; hours that follow belong to the dates before, words before to the dates after."""
    lead, since = "", 0
    pending: Clause | None = None
    for start, end, border in _pieces(phrase):
        text, piece = line.text[start:end].strip(), phrase[start:end].strip()
        if pending and _belongs_to(pending, piece, border, lead):
            pending = replace(pending, text=line.text[since:end].strip(), phrase=f"{pending.phrase},{piece}")
            continue
        is_date = has_date(piece)
        if pending:
            yield from _with_asides(replace(pending, tail=text if border == "," and not is_date else ""))
            pending = None
        states_date = is_date or has_hours(piece)
        if states_date or _is_put_off(piece, lead or heading):
            torn = "" if lead else line.torn
            pending = Clause(line.number, text, piece, lead, "", heading, states_date, line.is_hidden, torn)
            since = start
        lead = text if is_date or not lead else f"{lead},{text}"[-_LONGEST_LEAD:]
    if pending:
        yield from _with_asides(pending)


_LONGEST_LEAD = 200


def _belongs_to(pending: Clause, piece: str, border: str, lead: str) -> bool:
    """Return whether a piece continues a clause: hours, dates alone or a day without its month after dates.

    Or words that change what the dates mean, or one more remark that puts a date off.
    """
    if len(pending.phrase) + len(piece) >= LONGEST_PHRASE:
        return False
    if pending.has_date:
        is_day_alone = not has_date(piece) and has_date(piece, goes_on=True)
        ends = is_end_alone(piece) and is_start(pending.phrase)
        belongs = is_hours_alone(piece) or ((border == "," or not has_date(piece)) and qualifies(elements_of(piece)))
        return belongs or (border == "," and (is_dates_alone(piece) or is_day_alone or ends))
    return not has_date(piece) and _is_put_off(piece, lead)


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Cut a line at its commas and full stops, not inside brackets; yield each piece with the mark before it."""
    depth = start = 0
    border = ""
    plain = folded(text)
    for position, character in enumerate(plain):
        depth += (character == "(") - (character == ")" and depth > 0)
        ends = character in ",;。!?！？" and (depth == 0 or character == "。")
        if ends or _is_too_long(plain, start, position):
            if text[start:position].strip():
                yield start, position, border
            start, depth, border = position + ends, 0, character if ends else ""
    if text[start:].strip():
        yield start, len(text), border


_IN_DATES = frozenset("0123456789年月日号时点分:-/.一至到上下午")


def _is_too_long(plain: str, start: int, position: int) -> bool:
    """Return whether a piece must be cut here: it nears the longest phrase, and no date stands across the cut."""
    length = position - start
    if length >= LONGEST_PHRASE:
        return True
    return length >= LONGEST_PHRASE // 2 and not _IN_DATES & {plain[position - 1], plain[position]}


# What a bracket leaves out or counts in is no window of its own: (3月8日休息), (不含3月8日), (含3月8日).
_SAYS_NO_WINDOW = re.compile("休息|放假|除外|不[含包办受]|暂停|^均?含|^包[括含]")


def _with_asides(clause: Clause) -> Iterator[Clause]:
    """Yield a clause, then windows of its own that stand in its brackets."""
    yield clause
    if clause.has_date and has_date(without_asides(clause.phrase)):
        for aside in asides(clause.phrase):
            if has_date(aside) and not _SAYS_NO_WINDOW.search(aside):
                yield replace(clause, text=aside, phrase=aside, tail="")


_PUT_OFF = re.compile("待定|未定|另行|待公布|待通知|尚未|暂未|请?关注|考试前|考前")


def _is_put_off(piece: str, lead: str) -> bool:
    """Return whether a piece says that a date will be told later, or counts it from the exam."""
    if not _PUT_OFF.search(piece):
        return False
    if not {e.mark for e in elements_of(piece) if isinstance(e, Token)} & {Mark.TBA, Mark.RELATIVE}:
        return False
    is_entry = _ENTRY_PUT_OFF.search(folded(piece)) is not None
    kind = _kind(piece) or (_kind(lead) if is_entry or re.search("时间|考前", piece) else None)
    is_before = kind is not None and kind[0] is Kind.TICKET and "考" in piece
    return kind is not None and (is_entry or is_before or "时间" in piece or "打印" in piece)


# An entry of a list or table that is put off: 领取证书:待定. (In a sentence, what is put off is often no date.)
_ENTRY_PUT_OFF = re.compile(
    r"(?:^|[: |])(?:时间|日期)?(?:将|由[^: ]{1,20})?(?:待定|未定|待?另?行?(?:通知|公布|公告))(?:[ |]|$)"
)
