"""Texts that a comma inside braces or brackets has cut in two, put together again where that is certain.

``[照片(jpg, 小于30kB)]`` is one text to its author, and so are the hours in ``{hours: 09:00-11:30, 13:30-17:00}``.
"""

from __future__ import annotations

from examcal.schedule.checks import HOURS
from examcal.schedule.document import Mapping, Node, Scalar, Sequence

_LONGEST = 4000


def join_entries(node: Sequence) -> list[Scalar]:
    """Join the entries of a list in brackets that belong together; return the pieces that were appended."""
    kept: list[Node] = []
    rests: list[Scalar] = []
    for entry in node.entries:
        last = kept[-1] if kept else None
        if isinstance(last, Scalar) and isinstance(entry, Scalar) and _is_cut(last):
            _append(last, entry)
            rests.append(entry)
        else:
            kept.append(entry)
    node.entries = kept
    return rests


def join_values(node: Mapping) -> list[Scalar]:
    """Join to each text in braces the keys without value that follow and belong to it; return those keys."""
    rests: list[Scalar] = []
    last_key, last = "", None
    for key, value in list(node.values.items()):
        is_rest = (isinstance(value, Scalar) and value.is_null) and (
            _is_cut(last) or (last_key == "hours" and HOURS.fullmatch(key))
        )
        if isinstance(last, Scalar) and is_rest:
            _append(last, node.keys[key])
            rests.append(node.keys.pop(key))
            del node.values[key]
        else:
            last_key, last = key, value
    return rests


def _append(text: Scalar, rest: Scalar) -> None:
    text.text = f"{text.text}, {rest.text}"


def _is_cut(node: Node | None) -> bool:
    """Return whether a text without quotes has an opening bracket that it does not close."""
    if not isinstance(node, Scalar) or not node.is_plain or len(node.text) > _LONGEST:
        return False
    return sum(map(node.text.count, "(（《")) > sum(map(node.text.count, ")）》"))
