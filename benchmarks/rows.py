"""One line of a benchmark: ours, the other's, and the ratio that was aimed at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison. ``ratio`` is ours to the other's; ``target`` is its lower (or, ``at_most``, upper) bound.

    ``rates`` are measured figures by name that the scale study reads (``benchmarks/measured.json``).
    """

    name: str
    ours: str
    other: str
    ratio: float | None = None
    target: float | None = None
    at_most: bool = False
    note: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Say whether the target was met, where there is one."""
        if self.ratio is None or self.target is None:
            return ""
        met = self.ratio <= self.target if self.at_most else self.ratio >= self.target
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {self.target:g} {'met' if met else 'MISSED'}"


def skipped(name: str, part: str) -> Row:
    """Return the line of a comparison whose peer is not on this machine, so that nobody takes it for measured."""
    return Row(name, "", "", note=f"not measured: {part} is not installed")


def as_table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| measured | examcal | beside it | ratio | target | note |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.name} | {row.ours} | {row.other} | {'' if row.ratio is None else f'{row.ratio:.2f}'} "
        f"| {row.verdict} | {row.note} |"
        for row in rows
    ]
    return "\n".join(lines)
