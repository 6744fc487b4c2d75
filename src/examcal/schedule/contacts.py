"""Telephone numbers in an announcement: one list per site, and those of the office."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from examcal.schedule.announcement import Line

_NUMBER = r"(?:0\d{2,3}[- ]?)?[2-9]\d{6,7}|1[3-9]\d{9}|400[- ]?\d{3}[- ]?\d{4}"
_NUMBERS = rf"(?:{_NUMBER})(?!\d)(?: ?[/、,，;；] ?(?:{_NUMBER})(?!\d))*"
_SITE_NAME = r"(?P<name>[\u4e00-\u9fff]{1,12}(?:区|县|市|旗|考点))(?:[(（][^)）]{0,20}[)）])?"
_SITE = re.compile(rf"{_SITE_NAME}(?: ?[:：|] ?| )(?P<phones>{_NUMBERS})", re.ASCII)
# A row of a table: the site, other cells such as its address, the numbers.
_SITE_ROW = re.compile(rf"^(?:\d{{1,2}}[、.．]? ?)?{_SITE_NAME} [^:：]{{0,100}}? (?P<phones>{_NUMBERS})", re.ASCII)
_PHONES = re.compile(rf"(?<![\d./-]){_NUMBERS}", re.ASCII)
_ONE_PHONE = re.compile(_NUMBER, re.ASCII)
_SAYS_PHONE = re.compile("电话|咨询|联系|热线|Tel", re.IGNORECASE)
_HOURS = re.compile(
    r"[(（](?:咨询|办公|接听|服务)?(?:时间)?[:：]?(?P<hours>[^()（）]{0,40}\d{1,2} ?[:：时点][^()（）]{0,60})[)）]"
)
_NUMBERING = re.compile(r"^(?:[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*)+")

# The districts of Beijing, in the spelling of their own web sites; a site elsewhere gets a number.
_DISTRICT_IDS = {
    "东城区": "dongcheng",
    "西城区": "xicheng",
    "朝阳区": "chaoyang",
    "海淀区": "haidian",
    "丰台区": "fengtai",
    "石景山区": "shijingshan",
    "门头沟区": "mentougou",
    "房山区": "fangshan",
    "大兴区": "daxing",
    "通州区": "tongzhou",
    "顺义区": "shunyi",
    "平谷区": "pinggu",
    "昌平区": "changping",
    "怀柔区": "huairou",
    "密云区": "miyun",
    "延庆区": "yanqing",
    "经济技术开发区": "yizhuang",
}


@dataclass(frozen=True, slots=True)
class Phones:
    """Numbers with whose they are; ``id`` is set for a site."""

    name: str
    numbers: tuple[str, ...]
    number: int
    id: str = ""
    hours: str = ""


def site_phones(lines: Sequence[Line]) -> list[Phones]:
    """Return each site's numbers, in the order of the text; a site that stands twice keeps its first."""
    found: dict[str, Phones] = {}
    for line in lines:
        for match in _sites_of(line):
            name = match["name"]
            number = len(found) + 1
            site_id = _DISTRICT_IDS.get(name, f"site-{number}")
            found.setdefault(name, Phones(name, _each(match["phones"]), line.number, site_id))
    return list(found.values())


def _sites_of(line: Line) -> Sequence[re.Match[str]]:
    found = list(_SITE.finditer(line.text))
    row = None if found else _SITE_ROW.search(line.text)
    return [row] if row else found


def office_phones(lines: Sequence[Line]) -> Iterator[Phones]:
    """Yield the other numbers that the text calls telephone numbers, with the label before them."""
    before = ""
    seen: set[tuple[str, ...]] = set()
    for line in lines:
        rest = _SITE_ROW.sub("", _SITE.sub("", line.text))
        match = _PHONES.search(rest)
        if match and _SAYS_PHONE.search(before + rest):
            numbers = _each(match.group())
            hours = _HOURS.search(rest, match.end())
            if numbers not in seen:
                yield Phones(
                    _label(rest[: match.start()], before),
                    numbers,
                    line.number,
                    "",
                    hours["hours"].strip() if hours else "",
                )
            seen.add(numbers)
        before = line.text if not match else ""


def _each(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number.replace(" ", "") for number in _ONE_PHONE.findall(text)))


_LONGEST_LABEL = 40


def _label(words: str, line_before: str) -> str:
    """Return what a number is called: the words before it, else the line before, else 咨询电话."""
    for candidate in (re.split(r"[,，。;；]", words)[-1], line_before):
        label = _NUMBERING.sub("", candidate).strip(" :：(（")
        if 1 < len(label) <= _LONGEST_LABEL and not label.isdecimal():
            return label
    return "咨询电话"
