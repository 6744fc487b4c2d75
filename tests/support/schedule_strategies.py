"""Random valid schedules, and random edits of them, for properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from examcal.schedule.model import (
    Contact,
    Edge,
    Exam,
    Kind,
    Milestone,
    Occurrence,
    QuietHours,
    Rule,
    Schedule,
    Session,
    Shape,
    Site,
    Source,
    Status,
    Text,
    Track,
)
from support.schedules import rule

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "Pacific/Chatham",
    "Etc/GMT+12",
    "UTC",
    "Africa/Casablanca",
)
RULES = (
    "opens",
    "opens -1d 20:00",
    "closes -3d 09:00",
    "closes -1d",
    "closes -2h",
    "closes -90m",
    "closes -2wd",
    "opens +1d",
)
DAYS = st.dates(date(2025, 12, 28), date(2027, 1, 5))
CLOCKS = st.sampled_from(["00:00", "00:30", "01:30", "02:30", "09:00", "12:15", "23:59", "24:00"])
# Whatever people paste: Chinese, emoji, escapes, controls, separators, marks that turn the direction of writing.
LETTERS = st.one_of(
    st.sampled_from("报名考试,;:\\\"'n\n\r\t\u2028\u202e\x0b\x7f🎓𠮷é "), st.characters(exclude_categories=["Cs"])
)
WORDS = st.text(LETTERS, min_size=1, max_size=90).filter(lambda value: bool(value.strip()))


def texts() -> st.SearchStrategy[Text]:
    chinese = WORDS.map(lambda value: Text((("zh-CN", value),)))
    return st.one_of(chinese, st.tuples(WORDS, WORDS).map(lambda both: Text((("zh-CN", both[0]), ("en", both[1])))))


@st.composite
def edges(draw: st.DrawFn, zone: str, *, end: bool = False) -> Edge:
    day, clock = draw(DAYS), draw(st.one_of(st.none(), CLOCKS))
    minutes = int(clock[:2]) * 60 + int(clock[3:]) if clock else 1440 * end
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    return Edge(wall.replace(tzinfo=ZoneInfo(zone)), day, clock)


@st.composite
def occurrences(draw: st.DrawFn, exam: str, milestone: str, site: str | None = None) -> Occurrence:
    zone = draw(st.sampled_from(ZONES))
    shape = draw(st.sampled_from(Shape))
    opens, closes, days = _when(draw, shape, zone)
    statuses = (
        [Status.TBA, Status.CANCELLED] if shape is Shape.TBA else [one for one in Status if one is not Status.TBA]
    )
    sessions = ()
    if shape is Shape.WINDOW and opens and closes:
        sessions = draw(st.sampled_from([(), (Session(1, Text((("zh-CN", "第一场"),)), opens, closes),)]))
    source = Source(draw(texts()), "https://example.org/a,b;c?d=1", None, draw(DAYS), draw(st.one_of(st.none(), DAYS)))
    return Occurrence(
        exam,
        milestone,
        draw(st.sampled_from(Kind)),
        draw(texts()),
        shape,
        draw(st.sampled_from(statuses)),
        zone,
        site=site,
        opens=opens,
        closes=closes,
        days=days,
        sessions=sessions,
        tracks=draw(st.sampled_from([(), ("full",)])),
        sources=draw(st.sampled_from([(), (source,)])),
        tasks=tuple(draw(st.lists(texts(), max_size=2))),
        notes=draw(st.one_of(st.none(), texts())),
        location=draw(st.one_of(st.none(), texts())),
        url=draw(
            st.sampled_from([None, "https://example.org/中文 路径", "javascript:alert(1)", "ftp://x", "not a url"])
        ),
        contacts=draw(st.sampled_from([(), (Contact(Text((("zh-CN", "咨询"),)), ("83366909",)),)])),
        rules=_rules(draw, opens, closes),
    )


def _when(draw: st.DrawFn, shape: Shape, zone: str) -> tuple[Edge | None, Edge | None, tuple[date, ...]]:
    if shape is Shape.TBA:
        return None, None, ()
    if shape in {Shape.DAY, Shape.DAYS}:
        days = tuple(sorted(draw(st.sets(DAYS, min_size=1, max_size=1 if shape is Shape.DAY else 4))))
        last = datetime.combine(days[-1] + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
        first = datetime.combine(days[0], datetime.min.time(), ZoneInfo(zone))
        return Edge(first, days[0]), Edge(last, days[-1]), days
    opens = draw(edges(zone))
    if shape is Shape.INSTANT:
        return opens, None, ()
    closes = draw(edges(zone, end=True))
    if opens.at.timestamp() < closes.at.timestamp():
        return draw(st.sampled_from([(opens, closes, ()), (opens, None, ()), (None, closes, ())]))
    return draw(st.sampled_from([(opens, None, ()), (None, closes, ())]))


def _rules(draw: st.DrawFn, opens: Edge | None, closes: Edge | None) -> tuple[Rule, ...]:
    known = [written for written in RULES if (opens if written.startswith("opens") else closes)]
    return (
        tuple(rule(written) for written in draw(st.lists(st.sampled_from(known), unique=True, max_size=3)))
        if known
        else ()
    )


@st.composite
def exams(draw: st.DrawFn, exam: str) -> Exam:
    milestones = []
    for number in range(draw(st.integers(1, 4))):
        area = draw(occurrences(exam, f"m{number}"))
        at_site = draw(st.one_of(st.none(), occurrences(exam, f"m{number}", "shunyi")))
        milestones.append(Milestone(f"m{number}", area, (at_site,) if at_site else ()))
    return Exam(
        exam,
        draw(texts()),
        "Asia/Shanghai",
        tuple(milestones),
        notes=draw(st.one_of(st.none(), texts())),
        sites=(Site("shunyi", draw(texts()), ("89453181",)),),
        tracks=(Track("full", Text((("zh-CN", "首次报考"),))),),
    )


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Return any valid schedule of one or two exams."""
    quiet = QuietHours(datetime(2026, 1, 1, 21, 30).time(), datetime(2026, 1, 1, 7, 30).time())  # noqa: DTZ001 - wall times
    chosen = tuple(draw(exams(f"exam-{number}")) for number in range(draw(st.integers(1, 2))))
    return Schedule(chosen, quiet_hours=draw(st.sampled_from([None, quiet])))


@st.composite
def edits(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    """Return ``schedule`` after one edit: a milestone changed, renamed, cancelled, added, or all reordered."""
    exam = draw(st.sampled_from(schedule.exams))
    chosen = draw(st.sampled_from(exam.milestones))
    kind = draw(st.sampled_from(["change", "cancel", "add", "reorder", "rename", "site"]))
    milestones = list(exam.milestones)
    position = milestones.index(chosen)
    match kind:
        case "change":
            area = draw(occurrences(exam.id, chosen.id))
            milestones[position] = replace(chosen, area=replace(area, renamed_from=chosen.area.renamed_from))
        case "cancel":
            milestones[position] = replace(chosen, area=replace(chosen.area, status=Status.CANCELLED))
        case "add":
            new = f"n{draw(st.integers(0, 10_000))}"
            if exam.milestone(new) is None:
                milestones.insert(position, Milestone(new, draw(occurrences(exam.id, new))))
        case "reorder":
            milestones = draw(st.permutations(milestones))
        case "rename":
            milestones[position] = _renamed(chosen, f"r{draw(st.integers(0, 10_000))}")
        case _:
            milestones[position] = replace(chosen, sites=(draw(occurrences(exam.id, chosen.id, "shunyi")),))
            milestones[position] = replace(chosen, sites=_as_renamed(milestones[position].sites, chosen.area))
    ids = [one.id for one in milestones]
    if len(set(ids)) < len(ids):
        return schedule
    edited = replace(exam, milestones=tuple(milestones))
    return replace(schedule, exams=tuple(edited if one is exam else one for one in schedule.exams))


def _renamed(chosen: Milestone, new: str) -> Milestone:
    def of(one: Occurrence) -> Occurrence:
        return replace(one, milestone=new, renamed_from=(*one.renamed_from, one.milestone))

    return Milestone(new, of(chosen.area), tuple(of(site) for site in chosen.sites))


def _as_renamed(sites: tuple[Occurrence, ...], area: Occurrence) -> tuple[Occurrence, ...]:
    return tuple(replace(site, renamed_from=area.renamed_from) for site in sites)
