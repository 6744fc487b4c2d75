"""Telephone numbers in an announcement: one list per site, and those of the office."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from examcal.schedule.lines import Line
from examcal.schedule.phrases import folded

_EXTENSION = r"(?: ?\(? ?(?:转|分机号?)[: ]?\d{1,6}(?:[/、或-]\d{1,6}(?!\d))*\)?)?"
_AREA = r"(?:\+?86[- ])?0\d{2,3} ?-? ?|\(0\d{2,3}\) ?-? ?"
_FREE = r"[48]00[- ]?(?:\d{3}[- ]?\d{4}|\d{4}-\d{3})"
_HOTLINE = r"(?:^|(?<=[:话线打、/]))(?:12\d{3}|96\d{3,4})"
_SECOND_LINE = r"(?:[/-]\d{1,2}(?![\d-]))?"
_LOCAL = rf"(?:{_AREA})?[2-9]\d{{6,7}}|(?:{_AREA})[2-9]\d{{3}} \d{{4}}"
_NUMBER = rf"(?:{_LOCAL}|1[3-9]\d{{9}}|{_FREE}|{_HOTLINE})(?!\d){_SECOND_LINE}{_EXTENSION}"
_NUMBERS = rf"{_NUMBER}(?: ?(?:[/、,，;；]|或) ?{_NUMBER}| {_NUMBER})*"
_OFFICE = r"(?:卫生健康委员会|卫生健康委|卫生健康局|卫健委|卫健局|卫生局|人社局|教育局|教委|考办)"
_SITE_NAME = (
    rf"(?P<name>[\u4e00-\u9fff]{{1,12}}(?:[区县旗](?={_OFFICE})|区|县|市|旗|考点))(?:(?<=[区县旗]){_OFFICE})?"
    r"(?:\((?!0\d)[^)]{0,20}\))?"
)
_SITE = re.compile(rf"{_SITE_NAME}(?: ?[:|] ?| |(?=\())(?P<phones>{_NUMBERS})", re.ASCII)
# A row of a table: the site, other cells such as its address, the numbers. Or a line with 电话 before them.
_SITE_ROW = re.compile(
    rf"^(?:\(?\d{{1,2}}[、.)]? ?)?{_SITE_NAME}"
    rf" ?(?: (?:[^:]|(?<=\d):(?=\d)){{0,100}}? |[ :(][^。;]{{0,150}}?(?:电话|热线|咨询)[^\d。;]{{0,8}})"
    rf"(?P<phones>{_NUMBERS})",
    re.ASCII,
)
_PHONES = re.compile(rf"(?<![\d./-]){_NUMBERS}", re.ASCII)
_ONE_PHONE = re.compile(_NUMBER, re.ASCII)
_SAYS_PHONE = re.compile("电话|咨询|联系|热线|技术支持|客服|监督|投诉|举报|Tel", re.IGNORECASE)
_NO_PHONE = re.compile("QQ|邮编|邮政编码|编号|账号|证号|微信", re.IGNORECASE)
_ONLY_SAYS_PHONE = re.compile("(?:联系|咨询|办公)?(?:电话|手机|方式)(?:号码)?|Tel", re.IGNORECASE)
_HOURS = re.compile(
    r"[(（](?:咨询|办公|接听|服务)?(?:时间)?[:：]?(?P<hours>[^()（）]{0,40}\d{1,2} ?[:：时点][^()（）]{0,60})[)）]"
)
_NUMBERING = re.compile(r"^(?:[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*|\d{1,2}\s+)+")

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
    """Return each site's numbers, in the order of the text; a site that stands twice has those of both places."""
    found: dict[str, Phones] = {}
    for line in lines:
        for match in _sites_of(line):
            name, numbers = match["name"], _each(match["phones"])
            site_id = _DISTRICT_IDS.get(name, f"site-{len(found) + 1}")
            site = found.setdefault(name, Phones(name, (), line.number, site_id))
            found[name] = replace(site, numbers=tuple(dict.fromkeys([*site.numbers, *numbers])))
    return list(found.values())


def _sites_of(line: Line) -> Sequence[re.Match[str]]:
    text = folded(line.text)
    found = list(_SITE.finditer(text))
    row = None if found else _SITE_ROW.search(text)
    return [row] if row else found


def office_phones(lines: Sequence[Line]) -> Iterator[Phones]:
    """Yield the other numbers that the text calls telephone numbers, with the label before them."""
    before = ""
    seen: set[str] = set()
    for line in lines:
        rest = _without_sites(line)
        found = list(_PHONES.finditer(folded(rest))) if _SAYS_PHONE.search(before + rest) else []
        since = 0
        ends = [*(match.start() for match in found[1:]), len(rest)]
        for match, until in zip(found, ends, strict=False):
            numbers = tuple(number for number in _each(match.group()) if number not in seen)
            hours = _HOURS.search(rest, match.end(), until)
            if numbers and not _NO_PHONE.search(rest[since : match.start()]):
                label = _label(rest[since : match.start()], before)
                yield Phones(label, numbers, line.number, "", hours["hours"].strip() if hours else "")
            since = (hours or match).end()
            seen.update(numbers)
        before = "" if found else line.text


def _without_sites(line: Line) -> str:
    """Return a line without the sites and their numbers."""
    text = line.text
    for match in reversed(_sites_of(line)):
        text = text[: match.start()] + text[match.end() :]
    return text


def _each(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number.replace(" ", "") for number in _ONE_PHONE.findall(text)))


_LONGEST_LABEL = 40


def _label(words: str, line_before: str) -> str:
    """Return what a number is called: the words before it, else the line before, else 咨询电话."""
    clauses = re.split(r"[,，。;；]", words)
    for candidate in (clauses[-1], line_before):
        label = _NUMBERING.sub("", candidate).strip(" :：(（,，、")
        if _ONLY_SAYS_PHONE.fullmatch(label) and len(clauses) > 1 and not re.search(r"\d", clauses[-2]):
            label = _NUMBERING.sub("", ",".join(clauses[-2:])).strip(" :：(（,，、")
        if 1 < len(label) <= _LONGEST_LABEL and not label.isdecimal():
            return label
    return "咨询电话"
