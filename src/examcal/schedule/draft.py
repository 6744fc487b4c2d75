"""From an announcement to a schedule file for review: what it states beyond doubt, and the rest as comments.

Nothing is invented: every date is what ``read_window`` reads from the quoted words; what is ambiguous,
damaged or contradictory becomes a comment with its readings. Kinds are guessed from the words, and say so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.announcement import lines
from examcal.schedule.clauses import Clause, clauses
from examcal.schedule.contacts import Phones, office_phones, site_phones
from examcal.schedule.lines import Line, unspaced
from examcal.schedule.mentions import as_window
from examcal.schedule.model import Kind, Shape, Status
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.reading import WindowReading, edge_text
from examcal.schedule.when import read_window
from examcal.texts import DEFAULT_LANGUAGE

_ZONE = ZoneInfo("Asia/Shanghai")
_PUT_OFF = WindowReading(status=Status.TBA, shape=Shape.TBA)
_QUOTE_LIMIT = 300
_NAME_LIMIT = 24
_KIND_NAMES = {
    Kind.ANNOUNCEMENT: "发布公告",
    Kind.REGISTRATION: "报名",
    Kind.REVIEW: "资格审核",
    Kind.PAYMENT: "缴费",
    Kind.TICKET: "打印准考证",
    Kind.EXAM: "考试",
    Kind.SCORE: "成绩查询",
    Kind.CERTIFICATE: "领取证书",
    Kind.OTHER: "其他",
}


@dataclass(slots=True)
class _Notes:
    """Writes comment lines in one language and counts ids."""

    language: str
    ids: Counter[str] = field(default_factory=Counter)

    def say(self, msgid: str, **params: object) -> str:
        """Return one comment line."""
        return f"# {_one_line(Sentence(msgid, params).text(self.language))}"

    def new_id(self, stem: str) -> str:
        """Return ``stem``, or ``stem-2`` and so on where it is taken."""
        self.ids[stem] += 1
        return stem if self.ids[stem] == 1 else f"{stem}-{self.ids[stem]}"


def draft(text: str, *, year: int | None, source_name: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Return YAML to review, made of an announcement (plain text or pasted HTML).

    ``year`` is taken where the text leaves it out; without it such dates become comments. ``source_name`` is
    written as the title of the source. Loadable as soon as one date is certain.

    Raises RefusedError for a text that is too long for an announcement.
    """
    everything = lines(text)
    announcement = [line for line in everything if not line.is_hidden]
    notes = _Notes(language)
    out = [
        "# yaml-language-server: $schema=schedule.schema.json",
        notes.say("Drafted from {source}: compare every line with the original before you use it", source=source_name),
        "version: 1",
        "timezone: Asia/Shanghai",
        "language: zh-CN",
        "exams:",
        f"  - id: {f'exam-{year}' if year else 'exam'}",
        f"    name: {_quoted(_title(announcement, source_name))}",
        *_contact_lines(announcement, notes),
        *_milestone_lines(everything, year, source_name, notes),
    ]
    return "\n".join(out) + "\n"


_TITLE = re.compile(r"(?:19|20)\d\d\s*年.*(?:考试|考核|招聘)|(?:考试|考核|招聘).*(?:19|20)\d\d\s*年", re.ASCII)
_FULL_DATE = re.compile(r"\d ?月 ?\d|\d{4}[-/.]\d", re.ASCII)
_LONGEST_TITLE = 60


def _title(announcement: Sequence[Line], source_name: str) -> str:
    """Return the first line that names an exam and a year, as it stands."""
    found = (line.text for line in announcement if len(line.text) <= _LONGEST_TITLE and not line.cells)
    return next((text for text in found if _TITLE.search(text) and not _FULL_DATE.search(text)), source_name)


# --- contacts ----------------------------------------------------------------------------------------------


def _contact_lines(announcement: Sequence[Line], notes: _Notes) -> Iterator[str]:
    contacts, sites = list(office_phones(announcement)), site_phones(announcement)
    if contacts:
        yield "    contacts:"
        yield from (line for contact in contacts for line in _contact(contact, notes))
    if sites:
        yield "    sites:"
        yield from (
            f"      - {{id: {site.id}, name: {_quoted(site.name)}, phones: {_list(site.numbers)}}}"
            f"  {notes.say('line {number}', number=site.number)}"
            for site in sites
        )


def _contact(contact: Phones, notes: _Notes) -> Iterator[str]:
    hours = f", hours: {_quoted(contact.hours)}" if contact.hours else ""
    place = notes.say("line {number}", number=contact.number)
    yield f"      - {{name: {_quoted(contact.name)}, phones: {_list(contact.numbers)}{hours}}}  {place}"


# --- milestones --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """A clause and what it means, or why that is not certain."""

    clause: Clause
    reading: WindowReading | PhraseError


def _milestone_lines(announcement: Sequence[Line], year: int | None, source_name: str, notes: _Notes) -> Iterator[str]:
    """Write every clause: a milestone where it is certain, else a comment."""
    yield "    milestones:"
    seen: dict[tuple[Kind, str], int] = {}
    for entry in _entries(announcement, year):
        clause, reading = entry.clause, entry.reading
        if isinstance(reading, PhraseError):
            yield from _unreadable(clause, reading, notes)
            continue
        first = seen.setdefault((clause.kind[0], reading.text), clause.number)
        if first != clause.number:
            yield "      " + notes.say("line {number} says the same as line {first}", number=clause.number, first=first)
            continue
        yield from _milestone(clause, reading, source_name, notes)
    if not seen:
        yield "      []"


def _entries(announcement: Sequence[Line], year: int | None) -> Iterator[_Entry]:
    """Read the clauses in turn; a year that the text used last and that differs from ``year`` makes a doubt."""
    spoken: date | None = None
    for clause in clauses(announcement):
        try:
            reading = _read(clause, year, spoken)
        except PhraseError as error:
            yield _Entry(clause, error)
            continue
        edge = reading.closes or reading.opens
        spoken = edge.named_on if edge else spoken
        yield _Entry(clause, reading)


_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?= ?年)", re.ASCII)
_LONGEST_WAY_BACK = timedelta(days=183)
"""A notice that goes back by more, in dates without a year, has gone on to the next year (12月…, then 1月…)."""


def _read(clause: Clause, year: int | None, spoken: date | None) -> WindowReading:
    """Read a clause; where it leaves the year out, ``year`` must agree with the dates that the text spoke of before."""
    if not clause.has_date:
        return _PUT_OFF
    if clause.is_hidden:
        raise PhraseError("The page does not show this text", readings=_texts(clause, year))
    spoken_year = spoken.year if spoken else None
    try:
        reading = read_window(clause.phrase, zone=_ZONE, year=year)
    except PhraseError as error:
        window = as_window(clause.phrase)
        joined = _texts(replace(clause, phrase=window), year or spoken_year) if window else []
        raise error.with_readings([*joined, *(error.readings or _texts(clause, spoken_year))]) from None
    _refuse_other_year(clause, reading, year, spoken)
    return reading


def _refuse_other_year(clause: Clause, reading: WindowReading, year: int | None, spoken: date | None) -> None:
    """Refuse a clause without a year that ``year`` puts into another one than the text spoke of, or goes on to."""
    edge = reading.opens or reading.closes
    if year is None or edge is None:
        return
    named = [int(match) for match in _YEAR.findall(clause.phrase)]
    last = year if year in named else [spoken.year if spoken else year, *named][-1]
    if last != year and (other := _texts(clause, last)) not in ([], [reading.text]):
        raise PhraseError(
            "The year is left out, and the text spoke of {spoken} before, not of {year}",
            readings=[reading.text, *other],
            spoken=last,
            year=year,
        )
    if spoken is None:
        return
    if spoken - edge.named_on > _LONGEST_WAY_BACK and (following := _texts(clause, year + 1)) not in (
        [],
        [reading.text],
    ):
        raise PhraseError(
            "The year is left out, and the text spoke of {spoken} before: this may be the year after",
            readings=[reading.text, *following],
            spoken=spoken.isoformat(),
        )


def _texts(clause: Clause, year: int | None) -> list[str]:
    """Return the canonical reading of a clause in ``year``, if there is one."""
    if year is None:
        return []
    try:
        return [read_window(clause.phrase, zone=_ZONE, year=year).text]
    except PhraseError:
        return []


def _milestone(clause: Clause, reading: WindowReading, source_name: str, notes: _Notes) -> Iterator[str]:
    kind, word = clause.kind
    yield "      " + notes.say("line {number}: {quote}", number=clause.number, quote=_quote(clause))
    yield f"      - id: {notes.new_id(kind.value)}"
    guess = notes.say("guessed from “{word}”", word=word) if word else notes.say("not clear from the words")
    yield f"        kind: {kind.value}  {guess}"
    yield f"        name: {_quoted(_name(clause))}"
    yield from (f"        {line}" for line in _when(reading, clause))
    yield f"        source: {{title: {_quoted(source_name)}, quote: {_quoted(_quote(clause))}}}"


def _when(reading: WindowReading, clause: Clause) -> Iterator[str]:
    """Write the dates in the plainest of the ways that a milestone has."""
    if reading.shape is Shape.TBA:
        yield "when: tba"
        yield f"expected: {_quoted(_quote(clause))}"
        return
    if reading.shape is Shape.DAY and reading.opens:
        yield f"on: {reading.opens.named_on}"
    elif reading.shape is Shape.DAYS and not reading.hours:
        yield f"on: [{', '.join(day.isoformat() for day in reading.days)}]"
    elif reading.shape is Shape.INSTANT and reading.opens:
        yield f"at: {edge_text(reading.opens)}"
    elif reading.hours or reading.text.endswith(")"):
        yield f"window: {_quoted(reading.text.removeprefix('预计 '))}"
    else:
        yield from (
            f"{key}: {edge_text(edge)}"
            for key, edge in (("opens", reading.opens), ("closes", reading.closes))
            if edge is not None
        )
    if reading.status is Status.EXPECTED:
        yield "status: expected"


def _unreadable(clause: Clause, error: PhraseError, notes: _Notes) -> Iterator[str]:
    """Write a clause without a certain meaning as comments, with everything that it could mean."""
    yield "      " + notes.say("CHECK line {number}: {quote}", number=clause.number, quote=_quote(clause))
    yield "      " + notes.say("problem: {problem}", problem=error.sentence)
    yield from ("      " + notes.say("possible: {reading}", reading=reading) for reading in error.readings)
    kind = clause.kind[0].value
    yield f"      #   - {{id: {kind}, kind: {kind}, name: {_quoted(_name(clause))}, window: …}}"


# --- words -------------------------------------------------------------------------------------------------

_BEFORE_A_NAME = re.compile(
    r"^(?:[(（]?(?:[一二三四五六七八九十\d]{1,2}|[A-Za-z])[)）、.．]\s*|[\u2460-\u249b\u3220-\u3229]"
    r"|(?:(?:19|20)\d\d)\s*年度?|[^\w《]+|(?:步骤|阶段) ?\d*|第.{1,3}[批步条项次](?=[\s:：])|并|且|由|其中"
    r"|(?:[附备]?注|说明|提示)\d?[:：]|根据[^:：]{0,40}[:：])+"
)
_AFTER_A_NAME = re.compile(
    r"(?:时间|日期|统一|安排|期限)?(?:定|拟|将|预计|由|共|约|可|须|需|应|请)*"
    r"(?:[为是于在自从由:：至均,，;；|\s]|(?<!报)到|截止|开始)*$"
)
_NO_NAME = re.compile(r"(?:[上中下]午|早上?|晚上?|年满|满|凡|每[日天]|(?:星期|周)[一二三四五六日天]|考生|其中)+")
_DATE_STARTS = re.compile(r"\d")


def _name(clause: Clause) -> str:
    """Return the words before the date if they are a name, else the plain name of the kind."""
    kind, word = clause.kind
    if clause.column:
        return clause.label + _AFTER_A_NAME.sub("", clause.column)
    text = unspaced(clause.phrase)
    if not clause.has_date or (word and word not in text):
        return clause.label + _KIND_NAMES[kind] if word not in clause.label else _KIND_NAMES[kind]
    words = _BEFORE_A_NAME.sub("", text)
    date_at = _DATE_STARTS.search(words)
    name = _AFTER_A_NAME.sub("", words[: date_at.start()] if date_at else "").strip(" -—:：|\"'⇒→>*")
    if len(re.findall("[(（]", name)) > len(re.findall("[)）]", name)):
        name = re.split("[(（]", name)[0]
    if clause.label:
        name = name.split(" ")[-1]  # of the cells before a date the last one
    if not 1 < len(name) <= _NAME_LIMIT or _NO_NAME.fullmatch(name) or not re.search("[\u4e00-\u9fff]{2}", name):
        return _KIND_NAMES[kind]
    if kind is Kind.ANNOUNCEMENT:
        return name
    return name if word in name or len(name) > _NAME_LIMIT - 4 else name + _KIND_NAMES[kind]


def _quote(clause: Clause) -> str:
    return clause.text if len(clause.text) <= _QUOTE_LIMIT else clause.text[: _QUOTE_LIMIT - 1] + "…"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return a YAML double-quoted scalar, which JSON strings are."""
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"
