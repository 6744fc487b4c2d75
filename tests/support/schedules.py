"""Schedules for tests: builders of single parts, and whole schedules that show every feature.

``everything()`` has all shapes, sites, tracks, sessions, statuses, zones and awkward texts; ``small()`` is one exam of
three milestones; ``many(n)`` has ``n`` milestones for measurements. All are what the loader would make of a file.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from examcal.schedule.model import (
    Anchor,
    Audience,
    Contact,
    Edge,
    Exam,
    Hours,
    Kind,
    Milestone,
    Occurrence,
    OpenDays,
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
    Unit,
    WorkdayCorrections,
)

SHANGHAI = "Asia/Shanghai"
NEW_YORK = "America/New_York"
LONDON = "Europe/London"
EVERYTHING_EXAM = "physician-2026-beijing"


def text(zh: str, en: str | None = None) -> Text:
    """Return a text in Chinese, and in English where given."""
    return Text((("zh-CN", zh), ("en", en))) if en is not None else Text((("zh-CN", zh),))


def edge(written: str, *, end: bool = False, zone: str = SHANGHAI) -> Edge:
    """Return the edge written ``2026-02-11 24:00`` or ``2026-02-11`` (a date alone ends with its day where ``end``)."""
    day_text, _, clock = written.partition(" ")
    day = date.fromisoformat(day_text)
    clock_or_border = clock or ("24:00" if end else "00:00")
    minutes = int(clock_or_border[:2]) * 60 + int(clock_or_border[3:])
    at = datetime.combine(day + timedelta(days=minutes // 1440), time(minutes // 60 % 24, minutes % 60), ZoneInfo(zone))
    return Edge(at, day, clock or None)


def rule(written: str) -> Rule:
    """Return the rule written ``closes -3d 09:00``."""
    anchor, *rest = written.split()
    amount, unit, at = 0, None, None
    for part in rest:
        if ":" in part:
            at = time.fromisoformat(part)
        else:
            unit = Unit(part.lstrip("+-0123456789"))
            amount = int(part.removesuffix(unit))
    return Rule(Anchor(anchor), amount, unit, at)


def occurrence(  # noqa: PLR0913 - a builder of one record with many optional fields
    exam: str,
    milestone: str,
    kind: Kind = Kind.REGISTRATION,
    *,
    name: Text | None = None,
    opens: str | None = None,
    closes: str | None = None,
    on: str | list[str] | None = None,
    at: str | None = None,
    zone: str = SHANGHAI,
    status: Status = Status.CONFIRMED,
    rules: tuple[str, ...] = (),
    **fields: Any,
) -> Occurrence:
    """Return an occurrence that says when in one way, as the schedule file does; none of them means ``tba``."""
    days = tuple(date.fromisoformat(day) for day in ([on] if isinstance(on, str) else on or []))
    if days:
        shape = Shape.DAY if isinstance(on, str) else Shape.DAYS
        first = edge(days[0].isoformat(), zone=zone)
        last = edge(days[-1].isoformat(), end=True, zone=zone)
    elif at:
        shape, first, last = Shape.INSTANT, edge(at, zone=zone), None
    elif opens or closes:
        shape = Shape.WINDOW
        first = edge(opens, zone=zone) if opens else None
        last = edge(closes, end=True, zone=zone) if closes else None
    else:
        shape, first, last, status = Shape.TBA, None, None, Status.TBA
    return Occurrence(
        exam,
        milestone,
        kind,
        name or text(milestone),
        shape,
        status,
        zone,
        opens=first,
        closes=last,
        days=days,
        rules=tuple(rule(written) for written in rules),
        **fields,
    )


def milestone(area: Occurrence, *sites: Occurrence) -> Milestone:
    """Return the milestone of an area-wide occurrence and its sites' own ones."""
    return Milestone(area.milestone, area, sites)


OFFICIAL = Source(
    text("北京市卫生健康委员会关于2026年医师资格考试报名的公告", "Notice on the 2026 physician examination in Beijing"),
    "http://www.bjwsrc.cn/notice?id=1&part=2",
    "网上报名时间为2026年1月29日10时至2月11日24时；逾期不予受理，不再补报。",
    date(2026, 1, 20),
    date(2026, 11, 22),
)
LETTER = Source(title=text("电话答复（未见公告）"), published=date(2026, 6, 1))
SHUNYI = Site("shunyi", text("顺义区", "Shunyi"), ("89453181", "89453182"), None, None)
FANGSHAN = Site(
    "fangshan",
    text("房山区", "Fangshan"),
    ("81380537",),
    text("良乡政通西里16号; 2层, 东侧"),
    "https://fangshan.example.org/a,b;c",
)
FULL = Track("full", text("首次报考", "First-time candidates"))
SKILLS_PASSED = Track("skills-passed-2025", text("2025年实践技能合格", "Passed the skills test in 2025"))
HOTLINE = Contact(
    text("北京考区咨询电话", "Beijing hotline"),
    ("83366909", "83366910"),
    text("工作日 09:00-11:30, 13:30-17:00"),
    "kaoqu@example.org",
)
LONG_TASK = text(
    "上传近6个月小2寸白底证件照(jpg, 小于30kB)，"
    + "单位审核意见须由人事部门盖章；" * 12
    + "\\ 反斜杠、逗号,分号;\n第二行\r\n第三行。"
)
LONG_NOTE = text("注意：" + "考生须本人到场，携带身份证、毕业证、执业证原件与复印件。" * 60)
LONG_NAME = text("𠮷野家" + "超长名称" * 13 + "🎓📅" + "完")


def _physician() -> Exam:
    exam = EVERYTHING_EXAM
    registration = occurrence(
        exam,
        "registration",
        name=text("网上报名", "Online registration"),
        opens="2026-01-29 10:00",
        closes="2026-02-11 24:00",
        rules=("opens", "closes -3d 09:00", "closes -1d", "closes 0d 09:00", "closes -2h"),
        sources=(OFFICIAL, LETTER),
        tasks=(LONG_TASK, text("核对姓名与证件号码", "Check name and identity number")),
        notes=text("逾期不予受理。", "Late applications are refused."),
        url="http://www.nmec.org.cn",
        contacts=(HOTLINE,),
    )
    review = occurrence(
        exam,
        "onsite-review",
        Kind.REVIEW,
        name=text("现场审核", "On-site review"),
        opens="2026-02-27",
        closes="2026-03-12",
        requires=("registration",),
        audience=Audience.INSTITUTION,
        sources=(OFFICIAL,),
        rules=("closes -3d", "closes -2wd 09:00"),
        contacts=(HOTLINE,),
    )
    at_fangshan = occurrence(
        exam,
        "onsite-review",
        Kind.REVIEW,
        name=text("现场审核", "On-site review"),
        opens="2026-03-05 09:00",
        closes="2026-03-11 16:30",
        site="fangshan",
        open_days=OpenDays.WEEKDAYS,
        hours=(Hours(540, 660), Hours(840, 990)),
        location=text("良乡政通西里16号", "16 Zhengtong Xili, Liangxiang"),
        requires=("registration",),
        sources=(OFFICIAL,),
        rules=("closes -3d", "closes -2wd 09:00"),
        contacts=(Contact(text("房山区", "Fangshan"), ("81380537",)),),
    )
    milestones = (
        milestone(registration),
        milestone(review, at_fangshan),
        milestone(
            occurrence(
                exam,
                "skills-fee",
                Kind.PAYMENT,
                name=text("实践技能考试缴费", "Fee for the skills test"),
                requires=("onsite-review",),
                tracks=("full",),
                expected=text("预计5月上旬", "early May, probably"),
                notes=LONG_NOTE,
            )
        ),
        milestone(
            occurrence(
                exam,
                "skills-ticket",
                Kind.TICKET,
                name=text("打印准考证", "Print the admission ticket"),
                opens="2026-06-03",
                status=Status.EXPECTED,
                tracks=("full",),
                rules=("opens", "opens -1d 20:00"),
            )
        ),
        milestone(
            occurrence(
                exam,
                "skills-exam",
                Kind.EXAM,
                name=text("实践技能考试", "Skills test"),
                on=["2026-06-13", "2026-06-14", "2026-06-20"],
                tracks=("full",),
                rules=("opens -7d", "opens -1d 20:00"),
                sources=(OFFICIAL,),
            )
        ),
        milestone(
            occurrence(
                exam,
                "written-exam",
                Kind.EXAM,
                name=text("医学综合考试", "Medical test"),
                opens="2026-08-22 09:00",
                closes="2026-08-23 16:30",
                tracks=("full", "skills-passed-2025"),
                sessions=(
                    Session(1, text("第一单元", "Paper 1"), edge("2026-08-22 09:00"), edge("2026-08-22 11:30")),
                    Session(2, text("第二单元"), edge("2026-08-22 14:00"), edge("2026-08-22 16:30")),
                    Session(3, text("第三单元"), edge("2026-08-23 09:00")),
                ),
                location=text("见准考证", "See the admission ticket"),
                rules=("opens -7d", "opens -1d 20:00"),
                notes=LONG_NOTE,
                sources=(OFFICIAL,),
            )
        ),
        milestone(
            occurrence(
                exam,
                "score-1",
                Kind.SCORE,
                name=text("医学综合考试第一试成绩查询", "Results, first sitting"),
                on="2026-09-19",
                rules=("opens 0d 10:00",),
                sources=(LETTER,),
            )
        ),
        milestone(
            occurrence(
                exam,
                "score-2",
                Kind.SCORE,
                name=text("成绩发布", "Results are released"),
                at="2026-11-27 10:00",
                rules=("opens", "opens -1d"),
                sources=(OFFICIAL,),
                renamed_from=("score-final",),
            )
        ),
        milestone(
            occurrence(
                exam,
                "second-sitting",
                Kind.EXAM,
                name=text("第二试", "Second sitting"),
                opens="2026-11-14 09:00",
                closes="2026-11-14 17:00",
                status=Status.CANCELLED,
                rules=("opens -7d", "opens -1d 20:00"),
            )
        ),
        milestone(
            occurrence(
                exam,
                "certificate",
                Kind.CERTIFICATE,
                name=LONG_NAME,
                opens="2026-12-28",
                closes="2027-01-04 12:00",
                status=Status.POSTPONED,
                tasks=tuple(text(f"第{number}项，须在{number}日内完成；不得委托他人") for number in range(1, 41)),
                rules=("closes -3d", "closes -1d"),
            )
        ),
        milestone(
            occurrence(
                exam,
                "appeal",
                Kind.OTHER,
                name=text("成绩复核, 申诉; 更正\\补充", "Appeals, corrections; and \\ more"),
                closes="2026-12-31 24:00",
                rules=("closes -1w", "closes -90m"),
            )
        ),
    )
    return Exam(
        exam,
        text("2026年医师资格考试(北京考区)", "Physician examination 2026 (Beijing)"),
        SHANGHAI,
        milestones,
        text("北京市卫生健康委员会"),
        "http://www.bjwsrc.cn",
        None,
        (HOTLINE,),
        (SHUNYI, FANGSHAN),
        (FULL, SKILLS_PASSED),
    )


def _abroad() -> Exam:
    exam = "gre-2026"
    return Exam(
        exam,
        text("GRE 考试", "GRE General Test"),
        NEW_YORK,
        (
            milestone(
                occurrence(
                    exam,
                    "registration",
                    name=text("报名", "Registration"),
                    opens="2026-03-01 09:00",
                    closes="2026-07-01 23:59",
                    zone=NEW_YORK,
                    rules=("closes -1d", "opens"),
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "exam",
                    Kind.EXAM,
                    name=text("考试", "Test"),
                    opens="2026-11-01 01:30",
                    closes="2026-11-01 05:00",
                    zone=NEW_YORK,
                    rules=("opens -7d", "opens -1d 20:00"),
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "score",
                    Kind.SCORE,
                    name=text("成绩", "Scores"),
                    on="2026-11-20",
                    zone=LONDON,
                    rules=("opens",),
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "paper",
                    Kind.OTHER,
                    name=text("论文提交(AoE)", "Paper (anywhere on Earth)"),
                    closes="2026-12-31 23:59",
                    zone="Etc/GMT+12",
                    rules=("closes -1d",),
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "seat",
                    Kind.REGISTRATION,
                    name=text("选座", "Seats"),
                    opens="2026-03-07 12:00",
                    closes="2026-11-01 00:30",
                    zone="Pacific/Chatham",
                )
            ),
        ),
        url="https://www.ets.org/gre",
    )


def _few() -> Exam:
    exam = "teacher-2026"
    return Exam(
        exam,
        text("教师资格考试"),
        SHANGHAI,
        (
            milestone(
                occurrence(
                    exam,
                    "registration",
                    name=text("报名"),
                    opens="2026-01-09 10:00",
                    closes="2026-01-12 15:00",
                    rules=("closes -1d", "closes -2h"),
                    sources=(Source(text("公告"), "https://ntce.example.org/1", None, date(2025, 12, 30), None),),
                )
            ),
            milestone(
                occurrence(
                    exam, "fee", Kind.PAYMENT, name=text("缴费"), closes="2026-01-14 24:00", rules=("closes -3h",)
                )
            ),
            milestone(
                occurrence(exam, "exam", Kind.EXAM, name=text("笔试"), on="2026-03-07", rules=("opens -1d 20:00",))
            ),
        ),
    )


def everything() -> Schedule:
    """Return a schedule with every feature."""
    return Schedule(
        (_physician(), _abroad(), _few()),
        quiet_hours=QuietHours(time(21, 30), time(7, 30)),
        workdays=WorkdayCorrections("CN", frozenset({date(2027, 1, 1)}), frozenset()),
        digest="everything",
    )


def small() -> Schedule:
    """Return one exam of three milestones, no sites, no quiet hours."""
    return Schedule((_few(),), digest="small")


def many(milestones: int, *, exams: int = 10) -> Schedule:
    """Return ``milestones`` windows with one alarm on each edge, spread evenly over ``exams``."""
    first = date(2026, 1, 5)
    per_exam = milestones // exams

    def one(exam: str, number: int) -> Milestone:
        opens = first + timedelta(days=number % 300)
        return milestone(
            occurrence(
                exam,
                f"m{number}",
                name=text(f"第{number}项网上报名"),
                opens=f"{opens} 09:00",
                closes=f"{opens + timedelta(days=9)} 17:00",
                rules=("opens -1d", "closes -1d"),
                sources=(OFFICIAL,),
                tasks=(text("上传照片(jpg, 小于30kB)"),),
                notes=text("逾期不予受理。"),
            )
        )

    return Schedule(
        tuple(
            Exam(
                f"exam-{position}",
                text(f"考试{position}"),
                SHANGHAI,
                tuple(one(f"exam-{position}", n) for n in range(per_exam)),
            )
            for position in range(exams)
        ),
        digest=f"many-{milestones}",
    )
