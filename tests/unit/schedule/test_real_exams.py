"""Nine real exams, written as an admin would write them: every edge is the instant that was announced."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from examcal.schedule.loader import SourceText, load
from examcal.schedule.model import Edge, Status

FILE = Path(__file__).parents[2] / "golden" / "real-exams.yaml"
SCHEDULE = load([SourceText(FILE.name, FILE.read_bytes())], today=date(2026, 11, 25)).schedule
ZONE = ZoneInfo("Asia/Shanghai")

# occurrence, first and last moment as announced (a day alone: the whole day)
ANNOUNCED = """
civil-service-2026/registration             2025-10-15T08:00 2025-10-24T18:00
civil-service-2026/review                   2025-10-15T08:00 2025-10-26T18:00
civil-service-2026/change-post              -                2025-10-24T18:00
civil-service-2026/payment                  2025-11-01T00:00 2025-11-06T24:00
civil-service-2026/ticket                   2025-11-24T00:00 2025-11-30T15:00
civil-service-2026/special-exam             2025-11-29       2025-11-29
civil-service-2026/exam                     2025-11-30       2025-11-30
civil-service-2026/score                    -                -
teacher-beijing-2026-spring/registration    2026-01-09T10:00 2026-01-12T15:00
teacher-beijing-2026-spring/review          2026-01-09T13:00 2026-01-13T11:00
teacher-beijing-2026-spring/payment         -                2026-01-14T24:00
teacher-beijing-2026-spring/ticket          2026-03-02       2026-03-07
teacher-beijing-2026-spring/exam            2026-03-07       2026-03-07
teacher-beijing-2026-spring/score           2026-04-17       2026-04-17
teacher-2025-autumn/form                    2025-07-04T10:00 2025-07-07T16:00
teacher-2025-autumn/confirm                 2025-07-05T10:00 2025-07-08T16:00
teacher-2025-autumn/payment                 -                2025-07-09T24:00
teacher-2025-autumn/ticket                  2025-09-08       2025-09-13
teacher-2025-autumn/exam                    2025-09-13T09:00 2025-09-13T18:00
teacher-2025-autumn/interview               2025-12-06       2025-12-07
accounting-2026/provinces                   -                2025-12-31
accounting-2026/registration                2026-01-05       2026-01-27T12:00
accounting-2026/collect                     -                2026-01-26T12:00
accounting-2026/payment                     -                2026-01-27T18:00
accounting-2026/tickets                     -                2026-04-15
accounting-2026/exam                        2026-05-16T08:30 2026-05-18T17:30
accounting-2026/score                       2026-06-26       2026-06-26
graduate-2026/advice                        2025-09-25       2025-09-28
graduate-2026/early                         2025-10-10       2025-10-13
graduate-2026/registration                  2025-10-16T09:00 2025-10-27T22:00
graduate-2026/confirm                       -                -
graduate-2026/exam                          2025-12-20T08:30 2025-12-21T17:00
physician-second-2023/registration          2023-09-22       2023-09-28T24:00
physician-second-2023/ticket                2023-11-04       2023-11-10
physician-second-2023/exam                  2023-11-11       2023-11-12
law-2021/ticket-1                           2021-10-08       2021-10-16
law-2021/exam-1                             2021-10-16       2021-10-17
law-2021/score-1                            2021-10-25       2021-10-25
law-2021/confirm-2                          2021-10-25       2021-10-29
law-2021/ticket-2                           2021-11-16       2021-11-20
law-2021/exam-2                             2021-11-21       2021-11-21
law-2021/score-2                            -                -
software-2024/spring-registration           2024-03-20       2024-04-07
software-2024/spring-review                 2024-03-20       2024-04-08
software-2024/spring-payment                2024-03-20       2024-04-09
software-2024/spring-ticket                 2024-05-20       2024-05-24
software-2024/spring-exam                   2024-05-25       2024-05-28
software-2024/spring-invoice                2024-05-06       2024-12-31
software-2024/autumn-registration           2024-08-21       2024-09-09
software-2024/autumn-payment                2024-08-21       2024-09-11
software-2024/autumn-ticket                 2024-11-04       2024-11-08
software-2024/autumn-exam                   2024-11-09       2024-11-12
constructor-2025/registration               2025-06-10       2025-07-07
constructor-2025/registration-hebei         2025-06-12T09:00 2025-06-21T17:00
constructor-2025/payment-hunan              2025-06-17T09:00 2025-06-28T17:00
constructor-2025/exam-1                     2025-09-20T09:00 2025-09-20T17:00
constructor-2025/exam-2                     2025-09-21T09:00 2025-09-21T18:00
constructor-2025/score                      -                -
"""
ROWS = [tuple(line.split()) for line in ANNOUNCED.strip().splitlines()]


def instant(wall: str, *, closing: bool) -> datetime:
    """The moment that a wall time names, computed without the code under test."""
    day, _, clock = wall.partition("T")
    hour, minute = (int(part) for part in (clock or ("24:00" if closing else "00:00")).split(":"))
    return datetime.combine(date.fromisoformat(day), time(), ZONE) + timedelta(hours=hour, minutes=minute)


def check(edge: Edge | None, wall: str, *, closing: bool) -> None:
    if wall == "-":
        assert edge is None
        return
    assert edge is not None
    assert edge.wall == wall
    assert edge.at == instant(wall, closing=closing)
    assert edge.named_on.isoformat() == wall[:10]


@pytest.mark.parametrize(("occurrence_id", "opens", "closes"), ROWS)
def test_edges_are_those_announced(occurrence_id: str, opens: str, closes: str) -> None:
    occurrence = SCHEDULE.occurrence(occurrence_id)
    assert occurrence is not None
    check(occurrence.opens, opens, closing=False)
    check(occurrence.closes, closes, closing=True)
    assert (occurrence.status is Status.TBA) is (opens == closes == "-")


def test_every_milestone_of_the_file_is_checked() -> None:
    relative = {"graduate-2026/ticket"}
    assert {o.id for o in SCHEDULE.occurrences()} - relative == {row[0] for row in ROWS}


def test_date_counted_from_the_exam_is_only_expected() -> None:
    ticket = SCHEDULE.occurrence("graduate-2026/ticket")
    assert ticket is not None
    assert ticket.opens is not None
    assert (ticket.status, ticket.opens.named_on) == (Status.EXPECTED, date(2025, 12, 10))
