"""Subscribing in a real browser: without script, under our own policy, with what browsers say of a form's origin."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from support.office import Office, eventually
from support.smtp_server import SmtpServer
from support.subscriptions import text_of
from support.threads import in_thread

SETTINGS = """
[smtp]
security = "none"
sender = "考试办公室 <office@example.cn>"

[privacy]
name = "演示考试办公室"
contact = "privacy@example.cn"
"""
SCHEDULE = """\
version: 1
language: zh-CN
exams:
  - id: demo-2027
    name: 演示考试2027
    sites: [{id: east, name: 东区}, {id: west, name: 西区}]
    milestones:
      - {id: registration, kind: registration, name: 网上报名, opens: 2027-01-04 09:00, closes: 2027-01-20 17:00}
      - {id: written, kind: exam, name: 笔试, on: 2027-05-08}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("script", [False, True])
def test_form_confirmation_and_own_page_work_in_a_browser(office: Office, browser: Browser, *, script: bool) -> None:
    office.write_schedule(SCHEDULE)
    office.write_settings(SETTINGS)
    with in_thread(SmtpServer()) as smtp:
        office.environment |= {"EXAMCAL_SMTP__HOST": smtp.host, "EXAMCAL_SMTP__PORT": str(smtp.port)}
        with office.running() as site:
            base = site.address
            eventually(lambda: site.get("/demo-2027/").status_code == 200, within=60)
            context = browser.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=script)
            page = context.new_page()
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.goto(f"{base}/demo-2027/")
            assert page.evaluate("document.documentElement.scrollWidth") <= 360 if script else True
            page.get_by_label("邮箱地址").fill("li@example.cn")
            page.get_by_text("选择想收到的内容").click()
            page.get_by_role("combobox", name="考点").select_option(label="东区")
            page.get_by_role("button", name="发送确认邮件").click()
            expect(page.get_by_role("heading", name="请查收邮件")).to_be_visible()
            smtp.wait_for(1, timeout=60)
            link = re.search(rf"{base}/confirm/\S+", text_of(smtp.mails[0].octets))
            assert link
            page.goto(link[0])
            expect(page.get_by_text("东区")).to_be_visible()
            page.get_by_role("button", name="同意，并确认订阅").click()
            expect(page.get_by_role("heading", name="订阅成功")).to_be_visible()
            page.get_by_role("link", name="更改或停止提醒").click()
            page.get_by_role("checkbox", name="考试").uncheck()
            page.get_by_role("button", name="保存").click()
            expect(page.get_by_role("status")).to_be_visible()
            page.get_by_role("button", name="生成新的日历地址").click()
            expect(page.get_by_role("link", name="添加到日历")).to_have_attribute("href", re.compile("^webcal://"))
            page.get_by_role("button", name="退订并删除我的地址").click()
            expect(page.get_by_role("heading", name="提醒已停止")).to_be_visible()
            assert said == []
            context.close()
            assert site.stop() == 0
