"""``make bench [ONLY=name]``: run every benchmark and print the ratios; ``OUT=FILE`` also writes the reference page."""

import importlib
import os
import pkgutil
import platform
import sys
from pathlib import Path

import benchmarks
from benchmarks.rows import Row, as_table

HEADING = """# Benchmarks

Made by `make bench OUT=docs/reference/benchmarks.md`. Both sides of a row were measured in the same run on the same machine
({machine}); another machine gives other figures and about the same ratios.
"""


def main() -> int:
    """Run the benchmarks that ``ONLY`` names, or all of them."""
    only = os.environ.get("ONLY", "")
    sections: list[str] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name.startswith("bench_")):
        if only and only not in module:
            continue
        loaded = importlib.import_module(f"benchmarks.{module}")
        rows: list[Row] = list(loaded.run())
        title = (loaded.__doc__ or module).strip().splitlines()[0]
        sections.append(f"## {title}\n\n{as_table(rows)}\n")
        print(sections[-1], flush=True)
    if out := os.environ.get("OUT"):
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        Path(out).write_text(HEADING.format(machine=machine) + "\n" + "\n".join(sections), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
