"""What was done: the durable record of plans, deliveries and attempts, and the only judge of "already sent"."""
