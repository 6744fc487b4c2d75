"""A Jinja2 sandbox that also ends: every turn of a loop, call and long text is counted, for mail must not wait for it.

Jinja2's own sandbox keeps a template from the program; it lets one loop for ever, or write a gigabyte. Costs are
counted instead of seconds, so that a template that works once works always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from typing_extensions import override

Taken = ParamSpec("Taken")
Made = TypeVar("Made")

MOST_WORK = 200_000
"""Turns of loops, calls, and hundreds of characters put together in one rendering; our own templates take 2,000."""
LONGEST_OUTPUT = 1_000_000
"""Characters; WeCom takes 4,096 bytes, and a mail of this size is refused by many servers."""
_TOO_LONG = f"the output is longer than {LONGEST_OUTPUT} characters"
_LARGEST_NUMBER = 10_000
_WIDE = re.compile(r"%[-#0 +]*\d{5,}|%[^a-zA-Z%]*\*|:[^{}]*\d{5,}")
"""A field of a format that makes a short text long: ``%99999d``, ``%*d``, ``{:>99999}``."""
_WIDENING = frozenset({"batch", "center", "expandtabs", "indent", "ljust", "rjust", "slice", "wordwrap", "zfill"})
"""Filters and methods that take a width or a count."""
_TEXT = (str, bytes, list, tuple)
_LEFT: ContextVar[list[int]] = ContextVar("left")


def spend(amount: int = 1) -> None:
    """Count work. Raises SecurityError where a rendering has used up what it may."""
    left = _LEFT.get()
    left[0] -= amount
    if left[0] < 0:
        raise SecurityError("the template takes too much work: look for loops without end and texts without limit")


def rendered(template: Template, values: Mapping[str, object]) -> str:
    """Return the output of a template. Raises SecurityError for too much work, or too long an output."""
    token = _LEFT.set([MOST_WORK])
    written: list[str] = []
    try:
        length = 0
        for piece in template.generate(values):
            length += len(piece)
            if length > LONGEST_OUTPUT:
                raise SecurityError(_TOO_LONG)
            written.append(piece)
    finally:
        _LEFT.reset(token)
    return "".join(written)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, with every loop, call, joined text and large number counted or refused."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - jinja2's own
        super().__init__(**options)
        self.filters = {name: _bounded(name, use) for name, use in self.filters.items()}

    @override
    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        counted = _Counting().visit(source)
        counted.set_environment(self)
        return super()._generate(counted, name, filename, defer_init)

    @override
    def call(self, context: Context, what: Any, /, *args: Any, **kwargs: Any) -> Any:
        spend()
        owner = getattr(what, "__self__", None)
        if isinstance(owner, str):
            _refuse_large(what.__name__, (owner, *args, *kwargs.values()))
        return _measured(super().call(context, what, *args, **kwargs))

    @override
    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            _refuse_large("format", (left,))
        if operator == "**" or (operator == "*" and (isinstance(left, _TEXT) or isinstance(right, _TEXT))):
            spend(_size(left) * _size(right) // 100)
        return _measured(super().call_binop(context, operator, left, right))

    def turns(self, values: Iterable[object]) -> Iterable[object]:
        """Return what a loop goes through, counted: at once where its length is known, else as it comes."""
        if isinstance(values, Sized):
            spend(len(values))
            return values
        return _counted(values)

    def joined(self, text: object) -> object:
        """Return a text made with ``~``, counted."""
        return _measured(text)


class _Counting(NodeTransformer):
    """Puts the counting into a template: around what loops go through, and around joined texts."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - jinja2's own
        self.generic_visit(node)
        node.iter = _through("turns", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Call:  # noqa: N802 - jinja2's own
        self.generic_visit(node)
        return _through("joined", node)


def _through(attribute: str, node: nodes.Node) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(attribute), [node], [], None, None, lineno=node.lineno)


def _counted(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        spend()
        yield value


def _bounded(name: str, use: Callable[Taken, Made]) -> Callable[Taken, Made]:
    """Return a filter whose calls and texts are counted, and that refuses what makes a short text long."""

    def bounded(*args: Taken.args, **kwargs: Taken.kwargs) -> Made:
        spend()
        _refuse_large(name, (*args, *kwargs.values()))
        return _measured(use(*args, **kwargs))

    for mark, value in getattr(use, "__dict__", {}).items():  # so jinja2 knows a filter that wants its context
        setattr(bounded, mark, value)
    return bounded


def _refuse_large(name: str, values: Sequence[object]) -> None:
    """Refuse a width that is no width, and long texts to be put into one another many times."""
    if name in _WIDENING and any(isinstance(value, int) and abs(value) > _LARGEST_NUMBER for value in values):
        raise SecurityError("a width or a number of columns is too large")
    texts = [value for value in values if isinstance(value, str)]
    if name in {"format", "format_map"} and texts and _WIDE.search(texts[0]):
        raise SecurityError("a field of a text is too wide")
    if name in {"join", "replace"} and sum(len(text) > _LARGEST_NUMBER for text in texts) > 1:
        raise SecurityError("the texts are too long to be put into one another")


def _measured(value: Made) -> Made:
    if isinstance(value, _TEXT):
        spend(len(value) // 100)
    return value


def _size(value: object) -> int:
    if isinstance(value, _TEXT):
        return len(value)
    return abs(value) if isinstance(value, int) else 1
