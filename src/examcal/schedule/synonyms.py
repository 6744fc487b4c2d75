"""What people write for the keys and values of the format: Chinese names, and English ones that are near in meaning.

The format takes none of them; a report asks with them "did you mean …?".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        # keys
        "name": "名称 名字 姓名 标题 题目 title label",
        "title": "标题 题目 名称 name",
        "kind": "类型 类别 种类 性质 type category",
        "id": "编号 标识 代码 代号 key",
        "opens": "开始 开始时间 开始日期 起始 起始时间 开放 开放时间 开通时间 start starts begin begins from open",
        "closes": "截止 截止时间 截止日期 结束 结束时间 结束日期 终止 end ends until deadline due close finish",
        "on": "日期 当天 日子 考试日期 公布日期 date day",
        "at": "时刻 时点 具体时间 公布时间 time moment",
        "window": "时间 时段 时间段 起止时间 起止日期 期间 办理时间 报名时间 考试时间 period span dates",
        "when": "待定 何时",
        "expected": "预计 预期 估计 预估 暂定 拟定 estimated tentative provisional unofficial",
        "status": "状态 情况 state",
        "days": "开放日 办公日 工作日 weekdays",
        "hours": "办公时间 工作时间 咨询时间 接待时间 每日时间 服务时间",
        "location": "地点 地址 位置 场所 考点 place where address venue",
        "address": "地址 地点 location",
        "url": "网址 链接 网站 官网 link website href",
        "contacts": "联系方式 联系人 咨询 咨询方式 联系 contact",
        "phones": "电话 联系电话 咨询电话 号码 手机 tel phone telephone mobile",
        "email": "邮箱 电子邮箱 邮件 mail",
        "source": "来源 出处 依据 信息来源 公告 from reference",
        "quote": "原文 引文 摘录 text",
        "published": "发布日期 发布时间 公布日期 发布 published_on date",
        "checked": "核对日期 核对时间 核对 查证日期 verified",
        "tasks": "待办 任务 事项 步骤 材料 所需材料 准备材料 todo steps todos",
        "notes": "备注 说明 注意 注意事项 提示 备考 note remark remarks comment description",
        "remind": "提醒 提醒规则 reminder reminders notify",
        "reminders": "提醒 提醒规则 默认提醒 remind",
        "requires": "前提 前置 依赖 条件 先决条件 depends needs after",
        "tracks": "考生类别 类别 人群 适用人群 对象 适用对象 track",
        "sites": "考点 考区 区县 各区 地区 site",
        "audience": "受众 对象 适用对象 办理人 who",
        "sessions": "场次 科目 单元 papers",
        "renamed_from": "原编号 旧编号 曾用编号",
        "organizer": "主办 主办单位 组织单位 主管单位 host",
        "milestones": "环节 节点 事项 时间节点 events dates steps",
        "exams": "考试 exam",
        "timezone": "时区 tz zone",
        "language": "语言 lang",
        "remind_at": "提醒时间 默认提醒时间",
        "quiet_hours": "免打扰 免打扰时段 勿扰 静默时段",
        "workdays": "工作日 法定工作日 调休",
        "holidays": "节假日 假日 放假 休息日 holiday",
        "working": "补班 上班日 调休上班",
        "calendar": "日历",
        "version": "版本",
        # kinds
        "announcement": "公告 通知 发布公告 报考公告 notice",
        "registration": "报名 网报 网上报名 注册 报考 修改信息 signup enrollment application",
        "review": "审核 审查 资格审核 资格审查 现场审核 现场确认 复核 复审 初审 确认 公示 verification check",
        "payment": "缴费 交费 付费 支付 费用 退费 fee pay",
        "ticket": "准考证 打印准考证 准考证打印 admission",
        "exam": "考试 笔试 机考 面试 实践技能考试 技能考试 综合考试 test",
        "score": "成绩 查分 成绩查询 分数 成绩公布 出分 result results grade",
        "certificate": "证书 领证 发证 合格证 资格证 领取证书",
        "other": "其他 其它 别的 misc",
        # statuses
        "confirmed": "已确认 确认 已公布 确定 已确定 官方 正式 yes ok official certain",
        "tba": "待定 未定 待公布 未公布 未知 未确定 待通知 unknown",
        "postponed": "延期 推迟 延后 已延期 改期 delayed",
        "cancelled": "取消 已取消 停办 停考 canceled",
        # audiences
        "candidate": "考生 个人 考生本人 candidates",
        "institution": "单位 机构 医疗机构 所在单位 hospital employer",
        # open days
        "all": "每天 每日 天天 全部 所有 daily everyday",
        "weekdays": "周一至周五 平日 工作日 不含周末 双休日除外",
    }
)


def _by_name() -> Mapping[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for word, names in _SYNONYMS.items():
        for name in names.split():
            words[name] = (*words.get(name, ()), word)
    return MappingProxyType(words)


_WORDS = _by_name()
_LONGEST = 32


def meant(word: str, known: Iterable[str]) -> str | None:
    """Return the word of ``known`` that has ``word`` for another name, or has one that is a part of it."""
    name = unicodedata.normalize("NFKC", word[:_LONGEST]).strip(" :").casefold()
    allowed = frozenset(known)
    parts = [part for part in _WORDS if part in name and not part.isascii()]
    for part in (name, *sorted(parts, key=len, reverse=True)):
        for candidate in _WORDS.get(part, ()):
            if candidate in allowed:
                return candidate
    return None
