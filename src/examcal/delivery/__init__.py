"""The loop: messages, fan-out, delivery, retry, limits."""
