"""Jinja2 for messages: sandboxed, strict about names, escaping for the kind of output; an office may put its own in.

A template is ``NAME.KIND.j2``; ``KIND`` is subject, text, html or markdown. A file of the same name in the office's
folder takes the place of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from examcal.delivery.bounded import BoundedEnvironment, rendered
from examcal.delivery.wording import one_line
from examcal.errors import ConfigurationError

KINDS = ("subject", "text", "html", "markdown")
_SUFFIX = ".j2"
_LINKABLE = re.compile(r"(?:https?|mailto|webcal):[^\s<>\"]+\Z", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{3,}")
# WeCom's markdown has no escapes; what would start markup becomes its full-width look-alike.
_MARKDOWN_LOOKALIKES = {"<": "＜", ">": "＞", "`": "｀", "**": "＊＊", "](": "］（"}
_MARKDOWN = re.compile("|".join(re.escape(mark) for mark in _MARKDOWN_LOOKALIKES))
_PIECE = 200
_SENTENCES = re.compile(r"(?<=[。！？；;])")
_COMMAS = re.compile(r"(?<=[，、,])")


# Whatever a template can make Python raise: 1 / 0, a macro that calls itself, a text that needs too much memory.
_FAULTS = (TemplateError, SecurityError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError,
           RecursionError, MemoryError)  # fmt: skip


class TemplateFaultError(ConfigurationError):
    """A template does not work; the sentence names it and the line."""


class Templates:
    """Renders ``NAME.KIND.j2`` from the office's folder, else from the package."""

    def __init__(self, folder: Path | None = None) -> None:
        packaged = PackageLoader("examcal.delivery", "templates")
        loader: BaseLoader = ChoiceLoader([FileSystemLoader(folder), packaged]) if folder else packaged
        # Ours end by themselves, and stand in for an office's that do not: they are never cut short.
        environment = BoundedEnvironment if folder else ImmutableSandboxedEnvironment
        self._rendered: Callable[[Template, Mapping[str, object]], str] = rendered if folder else Template.render
        self._environments = {kind: _prepared(environment, kind, loader) for kind in KINDS}

    def render(self, name: str, kind: str, values: Mapping[str, object]) -> str:
        """Return the rendered template. Raises TemplateFaultError with the template's name and line."""
        template_name = f"{name}.{kind}{_SUFFIX}"
        try:
            return _tidy(kind, self._rendered(self._environments[kind].get_template(template_name), values))
        except TemplateSyntaxError as error:
            raise _fault(error.name or template_name, error.lineno, error.message or "") from error
        except _FAULTS as error:
            place, line = _place(error.__traceback__, template_name)
            raise _fault(place, line, str(error)) from error


def _prepared(
    made: type[ImmutableSandboxedEnvironment], kind: str, loader: BaseLoader
) -> ImmutableSandboxedEnvironment:
    environment = made(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=kind == "html",
        finalize=_FINALIZERS.get(kind),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["pieces"] = pieces
    environment.tests["linkable"] = is_linkable
    return environment


def is_linkable(url: str | None) -> bool:
    """Return whether ``url`` may stand in a link: an absolute web, mail or calendar address."""
    return bool(url and _LINKABLE.match(url))


def pieces(text: str, size: int = _PIECE) -> list[str]:
    """Cut a long text into lines of up to ``size`` characters, so that a chat can split there.

    It is cut at the ends of sentences, inside a longer sentence at commas, and elsewhere only where there are none.
    """
    return _packed((part for sentence in _SENTENCES.split(text) for part in _clauses(sentence, size)), size)


def _clauses(sentence: str, size: int) -> Iterator[str]:
    if len(sentence) <= size:
        yield sentence
        return
    for clause in _packed(_COMMAS.split(sentence), size):
        yield from (clause[start : start + size] for start in range(0, len(clause), size))


def _packed(parts: Iterable[str], size: int) -> list[str]:
    """Join neighbours as long as they fit into ``size`` characters."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) <= size:
            lines[-1] += part
        else:
            lines.append(part)
    return [line for line in lines if line]


def markdown_safe(text: str) -> str:
    """Return ``text`` without anything that WeCom's markdown would read as markup, on one line."""
    return _MARKDOWN.sub(lambda match: _MARKDOWN_LOOKALIKES[match[0]], one_line(text))


def _markdown_value(value: object) -> object:
    """Escape what a markdown template prints; addresses stay as they are, with brackets encoded."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    if is_linkable(value):
        return value.replace("(", "%28").replace(")", "%29").replace("`", "%60")
    return markdown_safe(value)


def _subject_value(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


_FINALIZERS: dict[str, Callable[[object], object]] = {"markdown": _markdown_value, "subject": _subject_value}


def _tidy(kind: str, text: str) -> str:
    """Return a subject as one line, and bodies without runs of blank lines, ending with one line break."""
    if kind == "subject":
        return one_line(text)
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip() + "\n"


def _fault(template: str, line: int, reason: str) -> TemplateFaultError:
    return TemplateFaultError(
        "the message template {template} fails at line {line}: {reason}", template=template, line=line, reason=reason
    )


def _place(traceback: TracebackType | None, default: str) -> tuple[str, int]:
    """Return name and line of the innermost template that ``traceback`` passed through."""
    place = (default, 0)
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file.endswith(_SUFFIX):
            place = (Path(file).name, traceback.tb_lineno)
        traceback = traceback.tb_next
    return place
