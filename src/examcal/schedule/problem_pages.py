"""The reference of all problem codes, in Chinese: what each means, a wrong and a right example.

One table from which the pages under ``docs/reference/problems/`` are written; a test keeps both equal, and checks that
each wrong example gives its code and each right one does not. ``within`` says where an example stands: in a milestone,
an exam, at the top, or as a whole file.
"""

from __future__ import annotations

from dataclasses import dataclass

from examcal.schedule.problems import WARNINGS


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """What a person should know about one code."""

    code: str
    title: str
    why: str
    within: str
    wrong: str
    right: str


def _page(code: str, within: str, title: str, why: str, wrong: str, right: str) -> ProblemPage:  # one row
    return ProblemPage(code, title, why, within, wrong, right)


PAGES: tuple[ProblemPage, ...] = (
    # The file as a whole
    _page(
        "not-utf8",
        "file",
        "文件不是 UTF-8 编码",
        "examcal 只读 UTF-8。记事本“另存为”时编码选 UTF-8；带 BOM 的也可以。GBK 和 UTF-16 会被认出来，但不会猜着读。",
        "用 GBK 保存的文件",
        "用 UTF-8 保存的同一个文件",
    ),
    _page(
        "too-large",
        "file",
        "文件太大",
        "一份日程合计不超过 4 MiB。拆成几个文件放进一个目录时，合计也是这个限度。",
        "超过 4 MiB 的文件",
        "删去无关内容",
    ),
    _page(
        "too-deep",
        "file",
        "嵌套太深",
        "日程的格式最多用到十来层，超过 32 层一定是写错了，或者文件是恶意的。",
        "version: " + "[" * 40,
        "version: 1",
    ),
    _page(
        "too-many-values",
        "file",
        "值太多",
        "一份日程最多 12 万个值（键和值都算），这是五千个环节的量。",
        "列表里有几十万项的文件",
        "只写需要的内容",
    ),
    _page(
        "too-many",
        "milestone",
        "列表太长",
        "每种列表都有限度：提醒规则 50 条、待办 100 条、日期 366 天、来源 50 个；"
        "一份日程最多 5000 个环节（含考点自己的时段和各场考试）、"
        "所有列表共 3 万项、共 1 万字用文字写的日期（2026-01-29 10:00 这样写的不计）。",
        "remind: [" + ", ".join(f"opens -{n}d" for n in range(1, 53)) + "]",
        "remind: [opens -7d, opens -1d]",
    ),
    _page(
        "control-character",
        "file",
        "文件里有控制字符",
        "从网页或 PDF 复制文字时，会带进看不见的控制字符或特殊的换行符(U+2028、U+0085)，YAML 会在那里断开。请删掉。",
        "version: 1 # \u2028",
        "version: 1",
    ),
    _page(
        "hidden-character",
        "milestone",
        "有看不见的字符",
        "零宽空格之类的字符看不见，却会让相同的词变得不同。读取时已略去；请删掉，免得别的程序出错。",
        "name: 网上\u200b报名",
        "name: 网上报名",
    ),
    _page(
        "bad-yaml",
        "file",
        "YAML 格式有误",
        "多半是缩进没有对齐、少了空格或引号。值里含有“: ”或以特殊字符开头时要加引号。"
        "从 Word、Excel、网页粘贴时常带进项目符号、表格的一行和不是空格的空白；合并文件会留下“<<<<<<<”。"
        "报告指出写错的那一行和应有的写法；一处格式错误会挡住后面的检查，改好后请再运行一次。",
        "version: 1\nexams: 医师: 北京",
        'version: 1\nexams: "医师: 北京"',
    ),
    _page(
        "tab-indent",
        "file",
        "用制表符缩进",
        "YAML 不允许用制表符(Tab)缩进。把编辑器设成按 Tab 键时插入空格。",
        "version: 1\nexams:\n\t- id: a",
        "version: 1\nexams:\n  - id: a",
    ),
    _page(
        "full-width-colon",
        "file",
        "键后面是全角冒号",
        "键和值之间要用半角冒号加一个空格。输入法在中文状态下打出的“：”不算。",
        "version: 1\nname：网上报名\nexams: []",
        "version: 1\nexams: []",
    ),
    _page(
        "aliases-not-allowed",
        "file",
        "用了锚点或别名",
        "YAML 的锚点(&)和别名(*)会让很短的文件展开成巨大的内容，所以一律不收。"
        "请把值再写一遍；文字以 & 或 * 开头时加引号。",
        "version: &a 1",
        "version: 1",
    ),
    _page(
        "tags-not-allowed",
        "file",
        "用了标签",
        "YAML 的标签(!)可以让读取程序执行代码，所以一律不收。文字以 ! 开头时加引号。",
        "version: !!int 1",
        "version: 1",
    ),
    _page(
        "several-documents",
        "file",
        "一个文件里有几份文档",
        "“---”会开始另一份文档，后面的内容容易被忽略。请删掉，或拆成几个文件放在一个目录里。",
        "version: 1\n---\nexams: []",
        "version: 1\nexams: []",
    ),
    _page(
        "duplicate-key",
        "milestone",
        "键重复",
        "同一个键写了两次，很多程序会悄悄地只留后一个。请留下对的那个；如果从这里起是新的一项，请在前面加“- ”。",
        "name: 网上报名\nname: 现场审核",
        "name: 网上报名",
    ),
    _page("bad-key", "file", "键不是一个词", "键必须是一个词，不能是列表或映射。", "? [a]\n: 1", "a: 1"),
    _page(
        "empty-file",
        "file",
        "文件是空的",
        "文件里没有内容，或者只有注释。可以用 examcal init 生成一份样例。",
        "# 只有注释",
        "version: 1\nexams: []",
    ),
    _page(
        "not-a-mapping",
        "file",
        "最外层不是映射",
        "最外层要写成“键: 值”，例如 version: 和 exams:。",
        "- id: a",
        "version: 1\nexams:\n  - id: a",
    ),
    _page(
        "no-exams",
        "file",
        "没有考试",
        "日程里至少要有一场考试；几个文件合成一份日程时，至少一个文件里有。",
        "version: 1",
        "version: 1\nexams:\n  - {id: a, name: 考试}",
    ),
    _page(
        "bad-version",
        "top",
        "不认识格式版本",
        "目前只有版本 1。",
        "version: 2",
        "version: 1",
    ),
    _page(
        "settings-disagree",
        "file",
        "几个文件的设置不一致",
        "一个目录里的几个文件合成一份日程，timezone、reminders 等设置只能写在一个文件里，写在几处时必须一样。",
        "两个文件写了不同的 timezone",
        "只在一个文件里写 timezone",
    ),
    # Keys and values
    _page(
        "unknown-key",
        "milestone",
        "不认识的键",
        "键写错时内容会不起作用，所以不认识的键一律算错。看看建议里最接近的那个；写成中文的键也会提示对应的写法。",
        "opnes: 2026-01-29",
        "location: 北京",
    ),
    _page(
        "missing-key",
        "exam",
        "缺少必须的键",
        "考试要有 id 和 name，环节要有 id 和 kind，联系人、考点、类别要有 name。",
        "sites: [{id: shunyi}]",
        "sites: [{id: shunyi, name: 顺义区}]",
    ),
    _page(
        "wrong-type",
        "milestone",
        "值的形式不对",
        "该写一个值的地方写了列表或映射，或者反过来。",
        "location: [甲, 乙]",
        "location: 甲",
    ),
    _page(
        "empty-value",
        "milestone",
        "值是空的",
        "这里要有内容；不需要的话整行删掉。",
        'location: ""',
        "location: 一楼大厅",
    ),
    _page(
        "unknown-value",
        "milestone",
        "不认识的值",
        "这个键只能从几个词里选，见建议。",
        "status: sure",
        "status: expected",
    ),
    _page(
        "unknown-kind",
        "top",
        "不认识的环节种类",
        "种类有 announcement(公告)、registration(报名)、review(审核)、payment(缴费)、ticket(准考证)、exam(考试)、"
        "score(成绩)、certificate(证书)、other(其他)。",
        "reminders: {signup: [opens]}",
        "reminders: {registration: [opens]}",
    ),
    _page(
        "split-by-comma",
        "milestone",
        "逗号把文字切开了",
        "方括号和花括号里的半角逗号用来分隔各项。括号或时段里的逗号会把文字切成两段；能看出来的已按一段读取，请给整段文字加引号。",
        "tasks: [上传照片(jpg, 小于30kB)]",
        'tasks: ["上传照片(jpg, 小于30kB)"]',
    ),
    _page(
        "bad-id",
        "exam",
        "id 的写法不对",
        "id 会出现在网址和日历里，只用小写字母、数字和连字符，不超过 64 个字符，以后不要改。",
        "tracks: [{id: 首次报考, name: 首次报考}]",
        "tracks: [{id: full, name: 首次报考}]",
    ),
    _page(
        "duplicate-id",
        "exam",
        "id 重复",
        "同一份日程里考试的 id 不能相同，同一场考试里环节、考点、类别的 id 不能相同；几个文件之间也一样。",
        "tracks: [{id: a, name: 甲}, {id: a, name: 乙}]",
        "tracks: [{id: a, name: 甲}, {id: b, name: 乙}]",
    ),
    _page(
        "reserved-id",
        "file",
        "id 已被保留",
        "考试的页面在“/考试id/”下面，所以 feeds、changes、all 等名字不能作考试的 id。"
        "考试和考点的 id 会成为文件名，所以 Windows 存不了的 con、prn、aux、nul、com1～com9、lpt1～lpt9 也不能用。",
        "version: 1\nexams:\n  - {id: feeds, name: 考试}",
        "version: 1\nexams:\n  - {id: physician-2026, name: 考试}",
    ),
    _page(
        "removed-id",
        "file",
        "已发布的环节不见了",
        "已经发布的环节，订阅者的日历里都有。直接删掉，日历客户端的反应各不相同，所以 check 和 publish 都会拦下。"
        "请补回并写 status: cancelled，保留一季；只是改了 id 的，写 renamed_from；"
        "确实不要了，运行 examcal publish --accept-shrink。考点有自己的日期并且已经发布的，删掉考点也一样。",
        "删掉 id: skills-fee 的整个环节",
        "- {id: skills-fee, kind: payment, when: tba, status: cancelled}",
    ),
    _page(
        "unserved-site",
        "file",
        "收件人选了不存在的考点",
        "设置里的 audiences 写了 sites，但日程的考试没有这个考点（删掉了，或改了 id），这些人收不到该考点的任何提醒。"
        "请改正设置，或把考点补回来。订阅者选的考点不见了，examcal status 会列出。",
        'sites = ["shunyi"]，而日程里没有 shunyi',
        "sites: [{id: shunyi, name: 顺义区}]",
    ),
    _page(
        "renamed-from-present",
        "milestone",
        "旧 id 还在使用",
        "renamed_from 写的是以前的 id。它不能还是某个环节的 id，也不能由两个环节继承。",
        "renamed_from: a",
        "renamed_from: registration-old",
    ),
    _page(
        "bad-text",
        "milestone",
        "文字里有不允许的内容",
        "名称等文字会进入邮件信头和日历，不能含有控制字符、“=?”或改变文字方向的字符，单行的文字不能换行。",
        'name: "=?utf-8?q?x?="',
        "name: 网上报名",
    ),
    _page(
        "text-too-long",
        "milestone",
        "文字太长",
        "名称最多 200 个字符，待办 1000 个，说明和原文 4000 个。",
        "name: " + "长" * 4001,
        "name: 网上报名",
    ),
    _page(
        "bad-url",
        "exam",
        "网址不对",
        "只收 http 和 https 网址，不能带用户名和密码，不能有空格和中文标点。",
        "url: www.bjwsrc.cn",
        "url: http://www.bjwsrc.cn",
    ),
    _page(
        "bad-email",
        "exam",
        "电子邮箱地址不对",
        "每项只写一个地址，不带姓名。",
        "contacts: [{name: 考务办, email: a@b@c}]",
        "contacts: [{name: 考务办, email: office@example.org}]",
    ),
    _page(
        "bad-phone",
        "exam",
        "电话号码不对",
        "至少要有三位数字；几个号码写成列表；数字里不能混进字母 O、l，号码里不能有引号。",
        "contacts: [{name: 考务办, phones: [无]}]",
        'contacts: [{name: 考务办, phones: ["83366909"]}]',
    ),
    _page(
        "bad-language",
        "milestone",
        "语言代码不对",
        "按语言写的文字，键是 zh-CN、en 这样的代码。文字里有冒号时要加引号。",
        "name: {中文: 报名}",
        "name: {zh-CN: 报名, en: Registration}",
    ),
    _page(
        "bad-timezone",
        "top",
        "不认识的时区",
        "要用 IANA 的全名。CST 这样的缩写在各地含义不同，所以不收。",
        "timezone: CST",
        "timezone: Asia/Shanghai",
    ),
    _page(
        "reversed-timezone",
        "top",
        "时区的正负号是反的",
        "Etc/GMT-8 的意思是 UTC+8，很容易弄反。请用地名。",
        "timezone: Etc/GMT-8",
        "timezone: Asia/Shanghai",
    ),
    _page(
        "bad-time", "top", "时刻不对", "时刻写成 09:00，从 00:00 到 23:59。", 'remind_at: "25:00"', 'remind_at: "09:00"'
    ),
    _page(
        "bad-hours",
        "top",
        "时段不对",
        "时段写成 21:30-07:30；办公时段按先后写，不能重叠，用逗号隔开。",
        "quiet_hours: 21:30",
        "quiet_hours: 21:30-07:30",
    ),
    _page(
        "workdays-disagree",
        "top",
        "同一天既休息又上班",
        "workdays 里的 holidays 和 working 不能有同一天。",
        "workdays: {holidays: [2027-01-04], working: [2027-01-04]}",
        "workdays: {holidays: [2027-01-01]}",
    ),
    # Dates
    _page(
        "bad-date",
        "date",
        "日期看不懂或不存在",
        "写成 2026-01-29、2026-01-29 10:00，或公告里的写法，如 2026年1月29日10时。"
        "日历上没有的日期、缺了年月日的数字，都不会去猜。",
        "on: 2026-02-30",
        "on: 2026-02-28",
    ),
    _page(
        "ambiguous-date",
        "date",
        "日期有两种读法",
        "这段文字可以读成几个日期。examcal 从不猜，请对照原文，把建议里对的那个写上。",
        "window: 自12910时至2026年2月11日24时",
        "window: 自2026年1月29日10时至2026年2月11日24时",
    ),
    _page(
        "weekday-disagrees",
        "date",
        "星期与日期不符",
        "写了星期，但那天不是星期几。多半是日期或星期抄错了一个，请对照原文。",
        "on: 2026年9月19日(星期五)",
        "on: 2026年9月19日(星期六)",
    ),
    _page("no-date", "date", "没有写时间", "每个环节都要写时间；还没有公布就写 when: tba。", "name: 报名", "when: tba"),
    _page(
        "several-dates",
        "date",
        "时间写了不止一种",
        "on、at、opens 和 closes、window、when 只能用一种。",
        "on: 2026-06-06\nwhen: tba",
        "on: 2026-06-06",
    ),
    _page(
        "closes-before-opens",
        "date",
        "结束不晚于开始",
        "请检查月份和年份。只写日期的 closes 指那天结束。",
        "opens: 2026-03-12\ncloses: 2026-02-27",
        "opens: 2026-02-27\ncloses: 2026-03-12",
    ),
    _page(
        "bad-relative",
        "date",
        "相对日期的写法不对",
        "写成“环节.opens”或“环节.closes”加偏移。",
        "opens: base.start -10d",
        "opens: base.opens -10d",
    ),
    _page(
        "unknown-milestone",
        "date",
        "没有这个环节",
        "requires 和相对日期只能指同一场考试里的环节。",
        "opens: bsae.opens -10d",
        "opens: base.opens -10d",
    ),
    _page(
        "missing-edge",
        "date",
        "所指的环节没有这一头",
        "例如只写了 opens 的环节没有 closes。",
        "opens: start-only.closes +1d",
        "opens: start-only.opens +1d",
    ),
    _page(
        "circular-dates",
        "date",
        "日期互相推算",
        "几个环节互相推算，谁也定不下来。请给其中一个写上日期。",
        "opens: me.opens -1d",
        "opens: base.opens -1d",
    ),
    _page(
        "circular-requires",
        "milestone",
        "互为前提",
        "requires 绕成了一圈，没有人能从头走到尾。",
        "requires: [a]",
        "requires: []",
    ),
    _page(
        "status-disagrees",
        "date",
        "状态与日期矛盾",
        "没有日期就不能是 confirmed；有日期就不能是 tba，估计的日期写 expected。",
        "on: 2026-06-06\nstatus: tba",
        "on: 2026-06-06\nstatus: expected",
    ),
    _page(
        "never-open",
        "date",
        "时段里一次也不开放",
        "days 和 hours 把时间缩得一点不剩，例如只有周末的时段写了 weekdays。",
        "opens: 2026-03-07\ncloses: 2026-03-08\ndays: weekdays",
        "opens: 2026-03-06\ncloses: 2026-03-09\ndays: weekdays",
    ),
    _page(
        "session-outside-window",
        "date",
        "科目在考试时间之外",
        "sessions 里的每一科都要在这个环节的时间之内。",
        "on: 2026-06-06\nsessions: [{name: 上午, opens: 2026-06-07 09:00}]",
        "on: 2026-06-06\nsessions: [{name: 上午, opens: 2026-06-06 09:00}]",
    ),
    _page(
        "far-date",
        "date",
        "日期离今天太远",
        "早于十年前或晚于五年后的日期，多半是年份打错了。",
        "on: 2062-06-06",
        "on: 2026-06-06",
    ),
    _page(
        "long-window",
        "milestone",
        "时段长过一年",
        "考试每年一次，报名、缴费等时段不会长过一年，多半是其中一个年份打错了。",
        "opens: 2026-01-29\ncloses: 2028-02-11",
        "opens: 2026-01-29\ncloses: 2026-02-11",
    ),
    # Sites, tracks, reminders
    _page(
        "unknown-site",
        "milestone",
        "没有这个考点",
        "环节的 sites 里只能写考试 sites 里列出的 id。",
        "sites: {shuny: {notes: 见通知}}",
        "sites: {shunyi: {notes: 见通知}}",
    ),
    _page(
        "unknown-track",
        "milestone",
        "没有这个考生类别",
        "环节的 tracks 里只能写考试 tracks 里列出的 id。",
        "tracks: [ful]",
        "tracks: [full]",
    ),
    _page(
        "site-outside-window",
        "milestone",
        "考点的时段超出了全考区的时段",
        "考点的时间必须在全考区的时间之内，否则两者必有一个抄错了。",
        "sites: {shunyi: {opens: 2026-01-30, closes: 2026-02-13}}",
        "sites: {shunyi: {opens: 2026-01-30, closes: 2026-02-10}}",
    ),
    _page(
        "bad-rule",
        "milestone",
        "提醒规则的写法不对",
        "写成“起点 偏移 时刻”，例如 closes -3d 09:00。起点是 opens 或 closes，单位有 m h d w wd。",
        "remind: [3 days before]",
        "remind: [closes -3d 09:00]",
    ),
    _page(
        "rule-without-anchor",
        "date",
        "提醒规则没有起点",
        "这个环节没有规则所说的 opens 或 closes，提醒永远不会发出。",
        "closes: 2026-02-11\nremind: [opens -1d]",
        "closes: 2026-02-11\nremind: [closes -1d]",
    ),
    _page(
        "equal-reminders",
        "milestone",
        "两条提醒落在同一时刻",
        "只会发一条。可以删去一条。",
        "remind: [closes -24h, closes -1440m]",
        "remind: [closes -24h]",
    ),
    _page(
        "reminders-past",
        "milestone",
        "提醒都过了时候",
        "环节还没到，提醒规则算出来的时间却都已过去，不会再有人收到提醒。请加一条还来得及的；不要提醒就写 remind: []。"
        "最后一条提醒离截止不到三天的不算；只提醒开始的，开始之后也不算。",
        "opens: 2026-10-29\ncloses: 2026-11-28 17:00\nremind: [closes -30d, closes -20d]",
        "opens: 2026-10-29\ncloses: 2026-11-28 17:00\nremind: [closes -30d, closes -20d, closes -1d]",
    ),
    # What may be doubted
    _page(
        "no-source",
        "date",
        "没有写来源",
        "每个确认的日期都应当写明是谁公布的。没有官方来源的写 status: expected。",
        "on: 2026-06-06\nsource: null",
        "on: 2026-06-06\nsource: {title: 公告, checked: 2026-11-22}",
    ),
    _page(
        "unverified",
        "date",
        "很久没有核对",
        "日期还没到，上次核对来源却是 90 多天以前，或者有网址的来源没有写核对和发布的日期，或者写的日子还没到。"
        "请再核对一次，更新 checked。",
        "on: 2027-06-06\nsource: {title: 公告, checked: 2026-01-01}",
        "on: 2027-06-06\nsource: {title: 公告, checked: 2026-11-22}",
    ),
    _page(
        "weekend-window",
        "date",
        "只在休息日开放",
        "报名、审核、缴费等的时段里没有一个工作日，多半是日期抄错了。",
        "kind: review\nopens: 2026-03-07\ncloses: 2026-03-08",
        "kind: review\nopens: 2026-03-06\ncloses: 2026-03-09",
    ),
    _page(
        "tba-due",
        "date",
        "该有日期了",
        "预计公布的时间已到，这里还是 tba。请看看是否已经公布。"
        "expected 里没有年份的，按考试的年份算；“考试前10天至1周”按考试的日期算。",
        "when: tba\nexpected: 2026年10月",
        "when: tba\nexpected: 2027年5月",
    ),
    _page(
        "office-closed",
        "contact",
        "截止时咨询电话已下班",
        "考生在截止前打不通电话。请在那之前提醒。",
        "opens: 2026-01-29 10:00\ncloses: 2026-02-11 24:00",
        "opens: 2026-01-29 10:00\ncloses: 2026-02-11 16:00",
    ),
    _page(
        "track-without-path",
        "exam",
        "考生类别走不通",
        "其他考生有报名和成绩的环节，这个类别却没有。请检查各环节的 tracks。",
        "tracks: [{id: full, name: 首次报考}, {id: b, name: 乙}]\nmilestones:\n"
        "  - {id: a, kind: registration, when: tba, tracks: [full]}\n  - {id: s, kind: score, when: tba}",
        "tracks: [{id: full, name: 首次报考}, {id: b, name: 乙}]\nmilestones:\n"
        "  - {id: a, kind: registration, when: tba}\n  - {id: s, kind: score, when: tba}",
    ),
    _page(
        "unknown-workdays",
        "date",
        "工作日安排尚未公布",
        "国务院办公厅每年十一月前后公布下一年的节假日安排。在那以前暂按周一至周五计算，公布后要再看一次。",
        "closes: 2028-03-12\nremind: [closes -1wd]",
        "closes: 2026-03-12\nremind: [closes -1wd]",
    ),
)


def markdown(page: ProblemPage) -> str:
    """Return the page of one code."""
    severity = "警告(日程仍会被接受)" if page.code in WARNINGS else "错误(日程不会被接受)"
    return (
        f"# {page.code}：{page.title}\n\n级别：{severity}\n\n{page.why}\n\n"
        f"不对：\n\n```yaml\n{_shown(page.wrong)}\n```\n\n对：\n\n```yaml\n{_shown(page.right)}\n```\n"
    )


def index() -> str:
    """Return the list of all codes."""
    rows = "\n".join(
        f"| [{page.code}]({page.code}.md) | {page.title} |" for page in sorted(PAGES, key=lambda p: p.code)
    )
    return (
        "# 日程文件里的问题\n\n`examcal check` 报告的每个问题都有一个不变的代码，一个代码一页。\n"
        f"本目录由 `examcal.schedule.problem_pages` 生成。\n\n| 代码 | 含义 |\n|---|---|\n{rows}\n"
    )


def _shown(example: str) -> str:
    """Return an example with what cannot be seen made visible, and shortened."""
    lines = [line if len(line) <= 100 else line[:97] + "…" for line in example.splitlines()]  # noqa: PLR2004  # a page's width
    visible = "\n".join(lines).replace("\u200b", "<U+200B>").replace("\u2028", "<U+2028>")
    return visible.replace("\t", "<Tab>")
