"""What browsers read: pages, timeline, poster, office kit. Pure: no clock, no I/O beyond the package's own files."""
