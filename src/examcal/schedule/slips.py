"""What an input method, a paste or a quick hand leaves at the start of a line, and YAML stumbles over further down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from examcal.errors import Sentence
from examcal.schedule.problems import Findings, Place

INDENT = Sentence("indent with spaces, two for each level")
_NO_SPACE = Sentence('this line has no ": " after its key')
_SPACE = Sentence('put a space after the colon: "key: value"')
_NO_LINE = Sentence('"{sign}" begins no line of YAML')
_NO_DASH = Sentence('"{sign}" does not begin a list entry')
_ORDINARY = Sentence("delete it and type ordinary spaces; it comes along when text is copied from a web page")
_BULLETS = "[－—–―‐−‑•●·▪■◆○◎□▲►▶➤→★☆※❖☐☑✓✔]"
_ODD_BLANKS = "\u00a0\u2000-\u200b\u202f\u205f\u2060\ufeff"
LINES_BACK = 3
"""Lines that a text without quotes may go on for before YAML stumbles over its continuation."""
_MOST_ALIKE = 20
_LOOKED_AT = 200
"""Characters of a line: a slip stands at its start, and a line may have millions."""


@dataclass(frozen=True, slots=True)
class _Slip:
    """One slip of the hand; the group ``sign`` of its pattern is what to underline.

    ``is_certain`` tells that the line is never meant so: all lines like it are reported, not only the one that
    explains the trouble.
    """

    pattern: re.Pattern[str]
    code: str
    message: Sentence
    hint: Sentence | None = None
    is_certain: bool = False


# In the order of certainty.
_SLIPS = (
    _Slip(
        re.compile(r"(?P<sign><{7}|={7}|>{7}|\|{7})(?:\s|$)"),
        "bad-yaml",
        Sentence("a merge left its mark here: two versions of these lines stand one after the other"),
        Sentence('keep the right one of the two, and delete the lines with "<<<<<<<", "=======" and ">>>>>>>"'),
        is_certain=True,
    ),
    _Slip(re.compile(r" *(?:- *)*(?P<sign>\t)"), "tab-indent", Sentence("tabs cannot indent YAML"), INDENT),
    _Slip(
        re.compile(r"[ -]*[a-z_]+\s*(?P<sign>：)"),
        "full-width-colon",
        Sentence('the colon after a key must be the half-width ": ", not "："'),
        is_certain=True,
    ),
    _Slip(
        re.compile(r"[\s-]*[\w-]+\s*(?P<sign>：)(?!.*: )"),
        "full-width-colon",
        Sentence('the colon after a key must be the half-width ": ", not "："'),
    ),
    _Slip(
        re.compile(r"[ -]*(?P<sign>\u3000)\s*(?:-\s|[\w-]+\s*[:：])"),
        "bad-yaml",
        Sentence("full-width spaces cannot indent YAML"),
        INDENT,
        is_certain=True,
    ),
    _Slip(
        re.compile(rf"[ -]*(?P<sign>[{_ODD_BLANKS}])\s*(?:-\s|[\w-]+\s*[:：])"),
        "bad-yaml",
        Sentence("here is a blank that YAML does not take for a space"),
        _ORDINARY,
        is_certain=True,
    ),
    _Slip(
        re.compile(rf"[ -]*[\w-]+:(?P<sign>[\u3000{_ODD_BLANKS}])"),
        "bad-yaml",
        Sentence("here is a blank that YAML does not take for a space"),
        _ORDINARY,
        is_certain=True,
    ),
    _Slip(
        re.compile(rf" *-(?P<sign>[\u3000{_ODD_BLANKS}])"),
        "bad-yaml",
        Sentence("here is a blank that YAML does not take for a space"),
        _ORDINARY,
    ),
    _Slip(
        re.compile(r" *(?P<sign>-)[^\s-]"),
        "bad-yaml",
        Sentence('"-" must be followed by a space'),
        Sentence('write "- ", then the entry'),
    ),
    _Slip(
        re.compile(rf"\s*(?P<sign>{_BULLETS}|\*(?=\s))\s*\w"),
        "bad-yaml",
        _NO_DASH,
        Sentence('begin list entries with the half-width "-" and a space'),
    ),
    _Slip(
        re.compile(r"\s+(?P<sign>\d{1,2}[.、)）]|[(（]\w{1,3}[)）]|[①-⑳]|[一二三四五六七八九十]{1,3}、)"),
        "bad-yaml",
        _NO_DASH,
        Sentence('begin list entries with the half-width "-" and a space'),
    ),
    _Slip(
        re.compile(r"\s*(?P<sign>//|＃|<!--|`{3}|-{4,}|={2,}|\*{3,}|(?<!\s)>(?=\s))"),
        "bad-yaml",
        _NO_LINE,
        Sentence('begin remarks with "#" and a space'),
    ),
    _Slip(re.compile(r"[ -]*(?P<sign>[a-z_]+:)[^\s/]"), "bad-yaml", _NO_SPACE, _SPACE),
)


def report_slip(place: Place, lines: Sequence[str], findings: Findings, back: int = 0) -> bool:
    """Report the slip that explains the trouble at ``place``; it may stand up to ``back`` lines before."""
    last = min(place.line, len(lines))
    for number in range(last, max(last - back - 1, 0), -1):
        for slip in _SLIPS:
            if slip.pattern.match(lines[number - 1][:_LOOKED_AT]):
                for alike in (number, *(_alike(slip, lines, number) if slip.is_certain else ())):
                    _report(slip, Place(place.file, alike), lines[alike - 1], findings)
                return True
    return False


def _alike(slip: _Slip, lines: Sequence[str], but: int) -> Iterator[int]:
    """Yield the numbers of further lines with the same slip: they are mended in one go."""
    found = 0
    for number, line in enumerate(lines, 1):
        if number != but and slip.pattern.match(line[:_LOOKED_AT]):
            yield number
            found += 1
            if found == _MOST_ALIKE:
                return


def _report(slip: _Slip, place: Place, line: str, findings: Findings) -> None:
    found = slip.pattern.match(line[:_LOOKED_AT])
    if found:
        sign = found["sign"]
        at = Place(place.file, place.line, found.start("sign") + 1)
        message = Sentence(slip.message.msgid, {"sign": sign[:8]})
        findings.report(slip.code, at, "", message, hint=slip.hint, value=sign)
