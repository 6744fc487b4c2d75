"""What is due: reminders that follow from a schedule, and why some do not. Pure."""
