"""What browsers read: pages, timeline, poster. Pure."""
