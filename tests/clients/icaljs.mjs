// Reads a feed with ical.js, the parser of Thunderbird and of Nextcloud's web page, and prints what it shows.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2] + "/");
const { default: ICAL } = await import(require.resolve("ical.js"));

const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[3], "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(new ICAL.Timezone(zone));
}
const moment = (time) => (time.isDate ? time.toString() : new Date(time.toUnixTime() * 1000).toISOString());
const shown = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  const alarms = component.getAllSubcomponents("valarm").map((alarm) => {
    const trigger = alarm.getFirstPropertyValue("trigger");
    if (!(trigger instanceof ICAL.Duration)) return moment(trigger);
    if (event.startDate.isDate) return trigger.toSeconds();
    return new Date((event.startDate.toUnixTime() + trigger.toSeconds()) * 1000).toISOString();
  });
  return {
    uid: event.uid,
    summary: event.summary,
    description: event.description,
    starts: moment(event.startDate),
    ends: moment(event.endDate),
    status: component.getFirstPropertyValue("status"),
    id: component.getFirstPropertyValue("x-examcal-id"),
    alarms,
  };
});
console.log(JSON.stringify(shown));
