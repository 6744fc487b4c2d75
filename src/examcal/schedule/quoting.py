"""Findings about quotes and brackets: not closed, closed too early, missing, or full-width."""

from __future__ import annotations

import re

from examcal.errors import Sentence
from examcal.schedule.problems import Place, shortened
from examcal.schedule.spelling import half_width
from examcal.schedule.trouble import UNCLOSED, Finding, Span, Trouble, open_bracket

WIDE_BRACKET = re.compile(r"[\s-]*(?:[\w-]+: +)?(?P<sign>[｛［])")
CLOSE_QUOTE = Sentence("close it on this line, or delete it")
_CLOSE_BRACKET = Sentence("close it, or put the text in quotes")
_NO_COMMA = Sentence("a comma or the closing bracket is missing before this")
CLOSING, _QUOTES = frozenset("]})"), frozenset("\"'")
# In brackets: a colon after what would be a key, or a comma before it.
_WIDE_IN_BRACKETS = re.compile(
    r"(?<=[\[{,，])\s*[a-z_-]+(?P<colon>：)|(?P<comma>[，、；])\s*[\w-]+\s*$", re.IGNORECASE | re.ASCII
)
_KEY = re.compile(r"[\w-]+:(?: |$)")
_WIDE_SIGN, _WIDE_QUOTE = re.compile("[，、；：］｝】]"), re.compile("[“”＂‘’＇]")


def needs_quotes(trouble: Trouble, place: Place) -> Finding:
    """Return the finding about a text that begins with a sign of YAML."""
    text = trouble.rest(place)
    message = Sentence('a text that begins with "{sign}" must be in quotes', {"sign": text[:1]})
    return place, message, quote_hint(text), text


def quote_hint(text: str) -> Sentence:
    """Return how a text is written in quotes."""
    return Sentence("put the whole text in quotes: {quoted}", {"quoted": quoted(shortened(text, 40) or "")})


def quoted(text: str) -> str:
    """Return a text as YAML reads it for certain: in double quotes, or in single ones where it has double ones."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def unclosed_quote(trouble: Trouble, place: Place, hint: Sentence) -> Finding:
    """Return the finding about quotes that nothing closes, unless a full-width quote was meant to."""
    found = _WIDE_QUOTE.search(trouble.line(place.line), place.column)
    if found:
        return full_width(Place(place.file, place.line, found.start() + 1), found[0])
    return place, UNCLOSED, hint, trouble.rest(place)[:1]


def in_brackets(trouble: Trouble) -> Finding:
    """Return the finding about brackets: not closed, or with something inside that needs a comma or quotes."""
    opened = open_bracket(trouble.lines[trouble.since.line - 1 : trouble.at.line])
    if opened or not trouble.rest(trouble.at):
        return trouble.since, UNCLOSED, _CLOSE_BRACKET, None
    found = _WIDE_IN_BRACKETS.search(trouble.before(trouble.at))
    if found:
        sign = "colon" if found["colon"] else "comma"
        return full_width(Place(trouble.file, trouble.at.line, found.start(sign) + 1), found[sign])
    hint = Sentence("put a text with colons, commas, quotes or brackets in quotes")
    return trouble.at, _NO_COMMA, hint, None


def full_width(place: Place, sign: str) -> Finding:
    """Return the finding about a full-width sign where YAML takes a half-width one."""
    message = Sentence('"{wide}" is full-width, and no sign to YAML', {"wide": sign})
    narrow = "," if sign in "、；" else half_width(sign)
    return place, message, Sentence('change it to the half-width "{narrow}"', {"narrow": narrow}), sign


def after_the_end_of(last: Span, trouble: Trouble) -> Finding | None:
    """Return the finding about quotes or brackets after which a text goes on: what they hold is not all of it."""
    between = trouble.line(last.end_line)[last.end_column - 1 : trouble.at.column - 1]
    more = trouble.rest(trouble.at)[:1]
    if last.end_line != trouble.at.line or between.strip() or more in {"", ":"}:
        return None
    if _WIDE_SIGN.match(more):
        return full_width(trouble.at, more)
    if more in CLOSING:
        return wrong_closing(trouble)
    place = Place(trouble.file, last.line, last.column)
    if last.line < last.end_line:
        params = {"line": last.end_line}
        hint = Sentence("close it on this line, or delete it; all up to line {line} was taken for one text", params)
        return unclosed_quote(trouble, place, hint)
    return _more_than(last, place, trouble)


def _more_than(last: Span, place: Place, trouble: Trouble) -> Finding:
    """Return the finding about quotes or brackets on one line that hold only the beginning of a text."""
    text, more = trouble.rest(place), trouble.rest(trouble.at)
    if open_bracket([trouble.before(place)]) and _KEY.match(more):
        return trouble.at, _NO_COMMA, Sentence("write a comma and a space before it"), more.partition(":")[0]
    if text[:1] not in _QUOTES and more.startswith(","):
        end = Place(trouble.file, last.end_line, last.end_column - 1)
        message = Sentence('after this "{sign}" nothing more is expected', {"sign": trouble.rest(end)[:1]})
        return end, message, Sentence("delete it, if it is one too many; or delete what follows"), None
    if text[:1] not in _QUOTES:
        return needs_quotes(trouble, place)
    inside = trouble.line(last.line)[last.column : last.end_column - 2]
    if inside.rstrip().endswith((",", ":", "[", "{")):  # the quote that closes it was to open the next text
        return place, UNCLOSED, CLOSE_QUOTE, text[:1]
    return place, Sentence("the text goes on after its quotes are closed"), quote_hint(_bare(text)), text


def wrong_closing(trouble: Trouble) -> Finding:
    """Return the finding about a closing bracket that does not belong to what is open."""
    sign = trouble.rest(trouble.at)[:1]
    opened = open_bracket([trouble.before(trouble.at)])
    if opened:
        return Place(trouble.file, trouble.at.line, opened[1]), UNCLOSED, _CLOSE_BRACKET, None
    message = Sentence('this "{sign}" closes nothing', {"sign": sign})
    return trouble.at, message, Sentence("delete it, or write the sign that it belongs to"), sign


def _bare(text: str) -> str:
    """Return a text without the quotes around the whole of it."""
    return text[1:-1] if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0] else text
