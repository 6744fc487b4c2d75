"""``examcal`` and ``python -m examcal``."""

import sys


def main() -> int:
    """Run the command line; ``--version`` alone answers without loading it, so that it is instant."""
    if sys.argv[1:] == ["--version"]:
        from examcal import __version__  # noqa: PLC0415 - keeps start-up short

        sys.stdout.write(f"examcal {__version__}\n")
        return 0
    from examcal.cli.main import run  # noqa: PLC0415 - keeps start-up short

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
