"""What is true: the validated meaning of the schedule file, and how it is read."""
