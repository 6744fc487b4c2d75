"""The long-running process: what wakes it, what it does then, and how it ends."""
