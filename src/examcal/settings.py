"""Settings: environment ``EXAMCAL_*`` first, then ``examcal.toml``; secrets also from ``*_FILE``."""
