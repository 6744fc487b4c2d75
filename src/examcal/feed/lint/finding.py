"""The rules of a feed, and a finding: one place that breaks one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from examcal.errors import Sentence, Severity

_ERROR = Severity.ERROR
_ADVICE = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, the section that states it, how bad it is to break it, and what it says."""

    id: str
    section: str
    severity: Severity
    msgid: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks a rule. ``line`` counts physical lines from 1; 0 is the feed as a whole."""

    rule: str
    section: str
    severity: Severity
    message: Sentence
    line: int

    def as_json(self, language: str) -> dict[str, object]:
        """Return the finding for ``lint --format json``."""
        return {
            "rule": self.rule,
            "section": self.section,
            "severity": self.severity.value,
            "line": self.line,
            "message": self.message.text(language),
        }


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule's id, the line, and the words for its message."""

    rule: str
    line: int
    params: Mapping[str, object] = field(default_factory=dict)

    def finding(self) -> Finding:
        """Return the finding with everything that its rule says."""
        rule = RULES[self.rule]
        return Finding(rule.id, rule.section, rule.severity, Sentence(rule.msgid, self.params), self.line)


_TABLE = (
    # octets and content lines
    ("B01", "RFC 5545 3.4", _ERROR, "the feed is empty; clients would remove every event"),
    ("B02", "RFC 5545 3.1.4", _ERROR, "the feed starts with a byte order mark"),
    ("B03", "RFC 5545 3.1", _ERROR, "the line ends with LF instead of CRLF"),
    ("B04", "RFC 5545 3.1", _ERROR, "a CR stands alone"),
    ("B05", "RFC 5545 3.1", _ERROR, "the last line does not end with CRLF"),
    ("B06", "RFC 5545 3.1", _ERROR, "the line has {octets} octets; 75 is the most"),
    ("B07", "RFC 5545 3.1", _ERROR, "the line is not UTF-8 by itself; a character may be cut in two"),
    ("B08", "RFC 5545 3.1", _ERROR, "the line is blank"),
    ("B09", "RFC 5545 3.1", _ERROR, "the line has a control character"),
    ("B10", "RFC 5545 3.1", _ERROR, "this is not a content line: name, parameters, colon, value"),
    ("B11", "RFC 5545 3.2", _ERROR, "the value of parameter {name} needs double quotes"),
    ("B12", "RFC 6868 3.1", _ERROR, "a double quote stands inside a parameter value"),
    ("B13", "RFC 5545 2", _ADVICE, "the name {name} is not in upper case, which some readers require"),
    ("B14", "RFC 5545 3.6", _ERROR, "BEGIN and END of {name} do not match"),
    ("B15", "RFC 5545 3.4", _ERROR, "a property stands outside VCALENDAR"),
    ("B16", "RFC 5545 3.1", _ERROR, "the fold cuts a backslash from the character that it escapes"),
    # the calendar
    ("C01", "RFC 5545 3.4", _ERROR, "there is no VCALENDAR"),
    ("C02", "RFC 5545 3.4", _ERROR, "there is more than one VCALENDAR"),
    ("C03", "RFC 5545 3.6", _ERROR, "{name} must stand in the calendar exactly once"),
    ("C04", "RFC 5545 3.7.4", _ERROR, "VERSION must be 2.0, and the first property"),
    ("C05", "RFC 5545 3.6", _ERROR, "the calendar has no component"),
    ("C06", "RFC 7986 5.3", _ERROR, "the calendar has a UID; some clients then keep one event of all"),
    ("C07", "RFC 5546 3.2.1", _ERROR, "METHOD is set, and not every event has an ORGANIZER"),
    ("C08", "RFC 7986 5.7", _ERROR, "REFRESH-INTERVAL lacks VALUE=DURATION"),
    ("C09", "RFC 7986 5.7", _ERROR, "REFRESH-INTERVAL is not a positive duration"),
    ("C10", "MS-OXCICAL 2.1.3.1.1.15", _ERROR, "X-PUBLISHED-TTL is not a duration equal to REFRESH-INTERVAL"),
    ("C11", "RFC 7986 5.1", _ERROR, "{first} and {second} differ"),
    ("C12", "RFC 7986 5.9", _ERROR, "{name} is not a colour as it must be written"),
    ("C13", "RFC 5545 3.7.1", _ERROR, "CALSCALE must be GREGORIAN, and stand at most once"),
    ("C14", "RFC 7986 5.8", _ERROR, "SOURCE lacks VALUE=URI"),
    ("C15", "RFC 7986 5.4", _ERROR, "the calendar's LAST-MODIFIED is not in UTC"),
    ("C16", "Google Calendar", _ERROR, "the feed has {octets} octets; more than 900000 are refused by clients"),
    # time zones
    ("Z01", "RFC 5545 3.6.5", _ERROR, "TZID must stand in a VTIMEZONE exactly once"),
    ("Z02", "RFC 5545 3.6.5", _ERROR, "the VTIMEZONE has neither STANDARD nor DAYLIGHT"),
    ("Z03", "RFC 5545 3.6.5", _ERROR, "{name} must stand in a time zone's part exactly once"),
    ("Z04", "RFC 5545 3.6.5", _ERROR, "the onset of a time zone's part must be a local time"),
    ("Z05", "RFC 5545 3.8.5.2", _ERROR, "RDATE has several values; some readers see only the first"),
    ("Z06", "RFC 5545 3.6.5", _ERROR, "{name} does not belong into a VTIMEZONE"),
    ("Z07", "RFC 5545 3.2.19", _ERROR, "there is no VTIMEZONE for {zone}"),
    ("Z08", "RFC 5545 3.6.5", _ADVICE, "no event uses the VTIMEZONE {zone}"),
    ("Z09", "RFC 5545 3.6.5", _ADVICE, "the VTIMEZONE {zone} stands after an event that uses it"),
    ("Z10", "RFC 5545 3.6.5", _ERROR, "the VTIMEZONE {zone} begins after an event that uses it"),
    ("Z11", "RFC 5545 3.6.5", _ERROR, "the VTIMEZONE {zone} gives another offset than the zone has at this time"),
    ("Z12", "RFC 5545 3.6.5", _ERROR, "the VTIMEZONE {zone} stands twice"),
    # events
    ("E01", "RFC 5545 3.6.1", _ERROR, "{name} must stand in an event exactly once"),
    ("E02", "RFC 5545 3.6.1", _ERROR, "{name} stands more than once"),
    ("E03", "RFC 5545 3.6.1", _ERROR, "the event has no DTSTART"),
    ("E04", "RFC 5545 3.8.7", _ERROR, "{name} is not in UTC"),
    ("E05", "RFC 5545 3.8.4.7", _ERROR, "the UID stands in the feed more than once"),
    ("E06", "RFC 7986 5.3", _ERROR, "the UID has a host, is too long or is not ASCII"),
    ("E07", "RFC 5545 3.3.5", _ERROR, "{value} is not a date or time that exists"),
    ("E08", "RFC 5545 3.2.20", _ERROR, "VALUE of {name} does not fit its value"),
    ("E09", "RFC 5545 3.2.19", _ERROR, "{name} has a TZID and ends in Z"),
    ("E10", "RFC 5545 3.2.19", _ERROR, "{name} is a date and has a TZID"),
    ("E11", "RFC 5545 3.3.5", _ADVICE, "{name} has no time zone and floats"),
    ("E12", "RFC 5545 3.6.1", _ERROR, "the event has both DTEND and DURATION"),
    ("E13", "RFC 5545 3.8.2.2", _ERROR, "DTEND is of another type than DTSTART"),
    ("E14", "RFC 5545 3.8.2.2", _ERROR, "DTEND is not later than DTSTART"),
    ("E15", "RFC 5545 3.8.2.5", _ERROR, "DURATION is not a positive duration"),
    ("E16", "RFC 5545 3.8.2.5", _ERROR, "DURATION of a whole day has hours, minutes or seconds"),
    ("E17", "RFC 5545 3.8.1.11", _ERROR, "STATUS {value} is not one of an event"),
    ("E18", "RFC 5545 3.8.2.7", _ERROR, "TRANSP is neither OPAQUE nor TRANSPARENT"),
    ("E19", "RFC 5545 3.8.7.4", _ERROR, "SEQUENCE is not a whole number"),
    ("E20", "RFC 5545 3.3.10", _ERROR, "UNTIL does not fit DTSTART: a date with a date, UTC with a zoned time"),
    ("E21", "RFC 5545 3.3.10", _ERROR, "the rule has both UNTIL and COUNT"),
    ("E22", "RFC 7986 5.10", _ERROR, "{name} lacks VALUE"),
    ("E23", "RFC 5545 3.8.4.6", _ERROR, "URL is not an absolute address, or is escaped"),
    ("E24", "RFC 9073 6.5", _ERROR, "STYLED-DESCRIPTION needs VALUE, and a DESCRIPTION beside it"),
    ("E25", "RFC 5545 3.8.1.9", _ERROR, "PRIORITY is not a number from 0 to 9"),
    # texts
    ("T01", "RFC 5545 3.3.11", _ERROR, "{name} has a backslash before a character that is not escaped so"),
    ("T02", "RFC 5545 3.3.11", _ERROR, "{name} has a comma or semicolon without a backslash"),
    ("T03", "RFC 5545 3.3.11", _ERROR, "{name} has a line separator that is not written as \\n"),
    ("T04", "Unicode TR 9", _ERROR, "{name} has a character that turns the direction of writing"),
    # alarms
    ("A01", "RFC 5545 3.6.6", _ERROR, "TRIGGER must stand in an alarm exactly once"),
    ("A02", "RFC 5545 3.6.6", _ERROR, "ACTION must stand in an alarm exactly once"),
    ("A03", "RFC 5545 3.6.6", _ERROR, "a DISPLAY alarm has no DESCRIPTION"),
    ("A04", "RFC 5545 3.6.6", _ERROR, "DURATION and REPEAT must stand together"),
    ("A05", "RFC 5545 3.8.6.3", _ERROR, "an absolute TRIGGER needs VALUE=DATE-TIME and UTC"),
    ("A06", "RFC 5545 3.8.6.3", _ERROR, "an absolute TRIGGER has RELATED"),
    ("A07", "RFC 9074 4", _ERROR, "the alarm has a UID; some readers then lose it"),
    ("A08", "RFC 5545 3.3.6", _ERROR, "{value} is not a duration"),
    ("A09", "RFC 5545 3.8.6.3", _ERROR, "RELATED=END needs DTEND or DURATION in the event"),
    ("A10", "MS-OXCICAL 2.1.3.1.1.20.62", _ERROR, "the alarm rings after the start"),
    ("A11", "RFC 5545 3.6.6", _ERROR, "a cancelled event has an alarm"),
)
RULES: Mapping[str, Rule] = {row[0]: Rule(*row) for row in _TABLE}
