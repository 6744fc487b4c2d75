// Counts the days to dates that the page states in full, marks today in the timeline, copies addresses, and narrows
// the list of exams. Every page is complete without it.
(() => {
  "use strict";
  const say = document.currentScript.dataset;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const put = (text, n) => (text || "").replace("{n}", n);

  const formats = new Map(); // making one is slow
  const civil = (epoch, zone) => {
    if (!formats.has(zone)) {
      try {
        formats.set(zone, new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }));
      } catch {
        formats.set(zone, { format: (time) => new Date(time).toISOString().slice(0, 10) });
      }
    }
    return formats.get(zone).format(epoch * 1000);
  };
  const days = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / 86400000);

  const state = (element, now) => {
    const { opens, closes, opensOn, closesOn, zone, moment } = element.dataset;
    const today = civil(now, zone);
    if (closes && now >= +closes) return { is: "past", text: say.past };
    if (opens && now < +opens) {
      const n = days(today, opensOn);
      const hours = Math.ceil((+opens - now) / 3600);
      const text = n > 1 ? put(say.inDays, n) : n === 1 ? say.tomorrow : hours > 1 ? put(say.inHours, hours) : say.today;
      return { is: n < 8 ? "soon" : "later", text, at: +opens };
    }
    if (moment !== undefined) return { is: "past", text: say.past };
    if (!closes) return { is: now - opens < 30 * 86400 ? "open" : "past", text: say.begun, at: Infinity };
    const n = days(today, closesOn);
    const hours = Math.floor((+closes - now) / 3600);
    const left = n > 1 ? put(say.daysLeft, n) : n === 1 ? say.dayLeft : hours > 0 ? put(say.hoursLeft, hours) : say.minutesLeft;
    const whole = n === 0 && hours > 0 ? `${say.lastDay} · ${left}` : left;
    return { is: opens ? "open" : n < 8 ? "soon" : "later", text: whole, at: +closes };
  };

  const line = (element, found) => {
    const row = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#${element.id}`;
    link.textContent = element.querySelector("h3").firstChild.textContent.trim() || element.querySelector("h3 span").textContent;
    const left = document.createElement("span");
    left.className = "left";
    left.textContent = found.text;
    const when = document.createElement("span");
    when.className = "when";
    for (const part of element.querySelectorAll(".dates .moment:not(.old)")) when.append(part.cloneNode(true), " ");
    row.append(link, left, when);
    return row;
  };

  const fill = (name, rows, otherwise) => {
    const list = document.querySelector(`[data-list="${name}"]`);
    if (!list) return;
    if (!rows.length) {
      const empty = document.createElement("li");
      empty.textContent = otherwise;
      rows = [empty];
    }
    list.replaceChildren(...rows);
  };

  const count = () => {
    const now = Date.now() / 1000;
    const seen = [];
    for (const element of all("[data-count]")) {
      const found = state(element, now);
      element.classList.remove("is-open", "is-past", "is-soon", "is-later");
      element.classList.add(`is-${found.is}`);
      const left = element.querySelector("[data-left]");
      if (left) left.textContent = found.text;
      seen.push([element, found]);
    }
    const entries = seen.filter(([element]) => element.matches(".entry"));
    const soonest = (a, b) => a[1].at - b[1].at;
    fill("open", entries.filter(([, f]) => f.is === "open").sort(soonest).slice(0, 4).map((e) => line(...e)), say.nothing);
    fill("next", entries.filter(([, f]) => f.is === "soon" || f.is === "later").sort(soonest).slice(0, 3).map((e) => line(...e)), say.noMore);
    for (const exam of all(".exam")) {
      const next = seen.filter(([e, f]) => exam.contains(e) && f.is !== "past" && f.text).sort(soonest)[0];
      const place = exam.querySelector("[data-next]");
      if (!next || !place) continue;
      const left = document.createElement("span");
      left.className = "left";
      left.textContent = next[1].text;
      place.replaceChildren(next[0].querySelector("a").textContent, " ", left);
      place.hidden = false;
    }
    const drawing = document.querySelector(".timeline svg");
    if (drawing) {
      for (const row of all("[data-from]", drawing)) {
        row.classList.toggle("is-past", now >= +row.dataset.to);
        row.classList.toggle("is-open", now >= +row.dataset.from && now < +row.dataset.to);
      }
      const { since, until } = drawing.dataset;
      const x = (100 * (now - since)) / (until - since);
      const mark = drawing.querySelector(".today");
      mark.setAttribute("visibility", x >= 0 && x <= 100 ? "visible" : "hidden");
      for (const end of ["x1", "x2"]) mark.firstElementChild.setAttribute(end, `${x}%`);
    }
  };

  const copying = () => {
    for (const field of all("[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = field.dataset.copy;
      button.setAttribute("aria-live", "polite");
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(field.value);
        } catch {
          field.select(); // takes the focus, which belongs to the button
          document.execCommand("copy");
          button.focus();
        }
        button.textContent = field.dataset.copied;
        setTimeout(() => { button.textContent = field.dataset.copy; }, 2000);
      });
      field.after(button);
    }
  };

  const searching = () => {
    const form = document.querySelector("[data-search]");
    if (!form) return;
    const field = form.querySelector("input");
    const rows = all("[data-search-in] > li");
    const texts = rows.map((row) => row.textContent.toLowerCase().replace(/\s+/g, " "));
    const narrow = () => {
      const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      rows.forEach((row, i) => {
        row.hidden = !wanted.every((word) => texts[i].includes(word));
        found += row.hidden ? 0 : 1;
      });
      form.querySelector("[data-search-count]").textContent = wanted.length ? put(say.found, found) : "";
    };
    field.addEventListener("input", narrow);
    form.addEventListener("submit", (event) => { event.preventDefault(); narrow(); });
    form.hidden = false;
  };

  copying();
  searching();
  count();
  const asked = document.getElementById(location.hash.slice(1));
  for (const body of all(".is-past [data-body]")) if (!asked || !asked.contains(body)) body.open = false;
  // Paper cannot be unfolded: it says of every date what to do and who states it.
  addEventListener("beforeprint", () => { for (const body of all("[data-body]:not([open])")) body.dataset.folded = body.open = true; });
  addEventListener("afterprint", () => { for (const body of all("[data-folded]")) { body.open = false; delete body.dataset.folded; } });
  setInterval(() => { if (!document.hidden) count(); }, 60000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) count(); });
})();
