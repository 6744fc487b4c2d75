"""Exam deadlines from one file: a calendar feed, web pages, and reminders that are not lost."""

__version__ = "1.1.0"
