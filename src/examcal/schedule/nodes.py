"""The pieces of a YAML document as written: texts, lists and mappings with their places."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """A piece of the document; ``line`` and ``column`` count from 1, in characters."""

    line: int
    column: int


@dataclass(slots=True)
class Scalar(Node):
    """A text. ``is_plain`` tells ``null`` from ``"null"``."""

    text: str
    is_plain: bool = True

    @property
    def is_null(self) -> bool:
        """Whether this stands for "nothing": an empty value, ``~`` or ``null`` without quotes."""
        return self.is_plain and self.text in {"", "~", "null"}


@dataclass(slots=True)
class Sequence(Node):
    """A list. ``is_flow`` where it was written in brackets."""

    entries: list[Node] = field(default_factory=list)
    is_flow: bool = False


@dataclass(slots=True)
class Mapping(Node):
    """A mapping: its keys (as written, with their places) and values, in the order of the file; or in braces."""

    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    is_flow: bool = False
