"""What calendars read: components, selections, and the octet-level lint. Pure."""
