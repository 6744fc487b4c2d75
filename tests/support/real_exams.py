"""Four real examinations, with the dates that were announced (civil service, teachers, accountants, postgraduates)."""

from __future__ import annotations

from examcal.schedule.model import Exam, Kind, Schedule, Session, Status
from support.schedules import SHANGHAI, edge, milestone, occurrence, text

REMIND = ("closes -3d 09:00", "closes -1d 09:00", "closes -3h")


def civil_service() -> Exam:
    exam = "civil-service-2026"
    return Exam(
        exam,
        text("2026年度中央机关及其直属机构考试录用公务员"),
        SHANGHAI,
        (
            milestone(
                occurrence(
                    exam,
                    "registration",
                    name=text("网上报名"),
                    opens="2025-10-15 08:00",
                    closes="2025-10-24 18:00",
                    rules=REMIND,
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "review",
                    Kind.REVIEW,
                    name=text("资格审查"),
                    opens="2025-10-15 08:00",
                    closes="2025-10-26 18:00",
                )
            ),
            milestone(
                occurrence(exam, "change", name=text("改报其他职位截止"), closes="2025-10-24 18:00", rules=REMIND)
            ),
            milestone(
                occurrence(
                    exam,
                    "payment",
                    Kind.PAYMENT,
                    name=text("报名确认及缴费"),
                    opens="2025-11-01 00:00",
                    closes="2025-11-06 24:00",
                    rules=REMIND,
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "ticket",
                    Kind.TICKET,
                    name=text("准考证打印"),
                    opens="2025-11-24 00:00",
                    closes="2025-11-30 15:00",
                )
            ),
            milestone(
                occurrence(
                    exam, "exam", Kind.EXAM, name=text("公共科目笔试"), on="2025-11-30", rules=("opens -1d 20:00",)
                )
            ),
            milestone(
                occurrence(exam, "score", Kind.SCORE, name=text("笔试成绩"), expected=text("预计在2026年1月公布"))
            ),
        ),
        url="http://bm.scs.gov.cn/kl2026",
    )


def teachers() -> Exam:
    exam = "teacher-2025-2"
    paper = text("笔试")
    return Exam(
        exam,
        text("2025年下半年中小学教师资格考试(笔试)"),
        SHANGHAI,
        (
            milestone(
                occurrence(
                    exam,
                    "registration",
                    name=text("信息填报"),
                    opens="2025-07-04 10:00",
                    closes="2025-07-07 16:00",
                    rules=REMIND,
                )
            ),
            milestone(
                occurrence(
                    exam, "payment", Kind.PAYMENT, name=text("网上缴费"), closes="2025-07-09 24:00", rules=REMIND
                )
            ),
            milestone(
                occurrence(
                    exam, "ticket", Kind.TICKET, name=text("准考证打印"), opens="2025-09-08", closes="2025-09-13"
                )
            ),
            milestone(
                occurrence(
                    exam,
                    "exam",
                    Kind.EXAM,
                    name=paper,
                    on="2025-09-13",
                    sessions=(
                        Session(1, text("上午"), edge("2025-09-13 09:00"), edge("2025-09-13 11:00")),
                        Session(2, text("下午一"), edge("2025-09-13 13:00"), edge("2025-09-13 15:00")),
                        Session(3, text("下午二"), edge("2025-09-13 16:00"), edge("2025-09-13 18:00")),
                    ),
                )
            ),
            milestone(occurrence(exam, "interview", Kind.EXAM, name=text("面试"), on=["2025-12-06", "2025-12-07"])),
        ),
    )


def accountants() -> Exam:
    exam = "accountant-2026"
    return Exam(
        exam,
        text("2026年初级会计专业技术资格考试"),
        SHANGHAI,
        (
            milestone(
                occurrence(
                    exam,
                    "dates",
                    Kind.ANNOUNCEMENT,
                    name=text("各省公布报名时间"),
                    closes="2025-12-31",
                    status=Status.EXPECTED,
                )
            ),
            milestone(
                occurrence(
                    exam, "registration", name=text("报名"), opens="2026-01-05", closes="2026-01-27 12:00", rules=REMIND
                )
            ),
            milestone(
                occurrence(exam, "payment", Kind.PAYMENT, name=text("缴费"), closes="2026-01-27 18:00", rules=REMIND)
            ),
            milestone(
                occurrence(exam, "exam", Kind.EXAM, name=text("考试"), on=["2026-05-16", "2026-05-17", "2026-05-18"])
            ),
            milestone(
                occurrence(exam, "score", Kind.SCORE, name=text("成绩公布"), on="2026-06-26", rules=("opens -1d",))
            ),
        ),
    )


def postgraduates() -> Exam:
    exam = "postgraduate-2026"
    return Exam(
        exam,
        text("2026年全国硕士研究生招生考试"),
        SHANGHAI,
        (
            milestone(
                occurrence(exam, "advice", Kind.OTHER, name=text("宣传咨询"), opens="2025-09-25", closes="2025-09-28")
            ),
            milestone(
                occurrence(
                    exam,
                    "registration",
                    name=text("网上报名"),
                    opens="2025-10-16 09:00",
                    closes="2025-10-27 22:00",
                    rules=REMIND,
                )
            ),
            milestone(occurrence(exam, "confirmation", Kind.REVIEW, name=text("网上确认"))),
            milestone(
                occurrence(
                    exam,
                    "exam",
                    Kind.EXAM,
                    name=text("初试"),
                    opens="2025-12-20 08:30",
                    closes="2025-12-21 17:00",
                    sessions=(
                        Session(1, text("思想政治理论"), edge("2025-12-20 08:30"), edge("2025-12-20 11:30")),
                        Session(2, text("外国语"), edge("2025-12-20 14:00"), edge("2025-12-20 17:00")),
                        Session(3, text("业务课一"), edge("2025-12-21 08:30"), edge("2025-12-21 11:30")),
                        Session(4, text("业务课二"), edge("2025-12-21 14:00")),
                    ),
                )
            ),
        ),
    )


def real_exams() -> Schedule:
    """Return the four examinations as one schedule."""
    return Schedule((civil_service(), teachers(), accountants(), postgraduates()), digest="real")
