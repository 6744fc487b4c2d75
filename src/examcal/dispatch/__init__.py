"""Who runs the loop, and who leads."""
