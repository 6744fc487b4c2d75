"""What a drafted exam and its milestones are called: words of the announcement, else the plain name of the kind."""

from __future__ import annotations

import re
from collections.abc import Sequence

from examcal.schedule.clauses import Clause
from examcal.schedule.lines import Line, unspaced
from examcal.schedule.model import Kind

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

_TITLE = re.compile(r"(?:19|20)\d\d\s*年.*(?:考试|考核|招聘)|(?:考试|考核|招聘).*(?:19|20)\d\d\s*年", re.ASCII)
_FULL_DATE = re.compile(r"\d ?月 ?\d|\d{4}[-/.]\d", re.ASCII)
_LONGEST_TITLE = 60


def title_of(announcement: Sequence[Line], source_name: str) -> str:
    """Return the first line that names an exam and a year, as it stands."""
    found = (line.text for line in announcement if len(line.text) <= _LONGEST_TITLE and not line.cells)
    return next((text for text in found if _TITLE.search(text) and not _FULL_DATE.search(text)), source_name)


_NAME_LIMIT = 24
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


def name_of(clause: Clause) -> str:
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
