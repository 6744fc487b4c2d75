"""What was done: the durable record of deliveries and attempts."""
