"""``make bench [ONLY=name] [SCALE=0.1]``: run every benchmark and print the ratios.

``OUT=FILE`` also writes the reference page and, at full size, the rates and tables of the scale study.
"""

import compileall
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import benchmarks
import examcal
from benchmarks import simulate
from benchmarks.rows import Row, as_table

MEASURED = Path(__file__).with_name("measured.json")
HEADING = """# Benchmarks

Made by `make bench OUT=docs/reference/benchmarks.md` on {day}{scale}. Both sides of a row were measured in the same
run on the same machine ({machine}, load {load:.1f} at the start); another machine gives other figures and about the
same ratios.
"""


def names() -> list[str]:
    """Return the modules of all benchmarks."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name.startswith("bench_"))


def remember(rows: Iterable[Row], path: Path = MEASURED) -> None:
    """Write the measured rates over the remembered ones; what was not measured stays."""
    rates: dict[str, float] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for row in rows:
        rates.update({name: round(value, 6) for name, value in row.rates.items()})
    path.write_text(json.dumps(rates, indent=2, sort_keys=True) + "\n", "utf-8")


def main() -> int:
    """Run the benchmarks that ``ONLY`` names, or all of them; return 1 where a target was missed."""
    only, scale = os.environ.get("ONLY", ""), float(os.environ.get("SCALE", "1"))
    load = os.getloadavg()[0]
    # An installed program comes with its bytecode; in a fresh clone the compiler would be measured, too.
    compileall.compile_dir(str(Path(examcal.__file__).parent), quiet=1)
    sections: list[str] = []
    every: list[Row] = []
    for module in names():
        if only and only not in module:
            continue
        loaded = importlib.import_module(f"benchmarks.{module}")
        rows: list[Row] = list(loaded.run(scale))
        every += rows
        title = (loaded.__doc__ or module).strip().splitlines()[0]
        sections.append(f"## {title}\n\n{as_table(rows)}\n")
        print(sections[-1], flush=True)
    if out := os.environ.get("OUT"):
        heading = HEADING.format(
            machine=f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
            day=date.today(),  # noqa: DTZ011 - the day of the machine's owner
            scale="" if scale == 1 else f" at {scale:g} of the full sizes",
            load=load,
        )
        Path(out).write_text(heading + "\n" + "\n".join(sections), encoding="utf-8")
        if scale == 1:
            remember(every)
            simulate.write()
    return int(any(row.verdict.endswith("MISSED") for row in every))


if __name__ == "__main__":
    sys.exit(main())
