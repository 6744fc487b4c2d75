# ruff: noqa: ANN001, ANN201 - libical has no Python types; run by the system's Python, which has GI and nothing else
"""Reads a feed with libical (GNOME, KDE) and prints what it shows."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import gi

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib as ical  # noqa: E402, N813 - a version must be required first


def moment(time, zones):
    if time.is_date():
        return f"{time.get_year():04}-{time.get_month():02}-{time.get_day():02}"
    if time.is_utc():
        return stamp(time.as_timet())
    zone = zones.get(time.get_tzid()) or time.get_timezone()
    return stamp(time.as_timet_with_zone(zone))


def stamp(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def first(component, kind):
    return component.get_first_property(kind)


def alarms(event, start, zones):
    alarm = event.get_first_component(ical.ComponentKind.VALARM_COMPONENT)
    while alarm is not None:
        trigger = first(alarm, ical.PropertyKind.TRIGGER_PROPERTY).get_trigger()
        if not trigger.get_time().is_null_time():
            yield moment(trigger.get_time(), zones)
        elif start.is_date():
            yield trigger.get_duration().as_int()
        else:
            begins = datetime.fromisoformat(moment(start, zones)).timestamp()
            yield stamp(begins + trigger.get_duration().as_int())
        alarm = event.get_next_component(ical.ComponentKind.VALARM_COMPONENT)


def errors(component):
    found = component.get_first_property(ical.PropertyKind.XLICERROR_PROPERTY)
    while found is not None:
        yield found.as_ical_string()
        found = component.get_next_property(ical.PropertyKind.XLICERROR_PROPERTY)


def main():
    calendar = ical.Component.new_from_string(Path(sys.argv[1]).read_bytes().decode())
    ical.restriction_check(calendar)
    zones = {}
    part = calendar.get_first_component(ical.ComponentKind.VTIMEZONE_COMPONENT)
    while part is not None:
        zone = ical.Timezone.new()
        zone.set_component(part.clone())
        zones[zone.get_tzid()] = zone
        part = calendar.get_next_component(ical.ComponentKind.VTIMEZONE_COMPONENT)
    shown, wrong = [], list(errors(calendar))
    event = calendar.get_first_component(ical.ComponentKind.VEVENT_COMPONENT)
    while event is not None:
        start = first(event, ical.PropertyKind.DTSTART_PROPERTY).get_dtstart()
        tzid = first(event, ical.PropertyKind.DTSTART_PROPERTY).get_parameter_as_string("TZID")
        end = first(event, ical.PropertyKind.DTEND_PROPERTY).get_dtend()
        for time in (start, end):
            if tzid:
                time.set_timezone(zones[tzid])
        wrong += errors(event)
        shown.append(
            {
                "uid": event.get_uid(),
                "summary": event.get_summary(),
                "description": event.get_description(),
                "starts": moment(start, zones),
                "ends": moment(end, zones),
                "status": first(event, ical.PropertyKind.STATUS_PROPERTY).get_value_as_string(),
                "alarms": list(alarms(event, start, zones)),
            }
        )
        event = calendar.get_next_component(ical.ComponentKind.VEVENT_COMPONENT)
    sys.stdout.write(json.dumps({"events": shown, "errors": wrong}))


main()
