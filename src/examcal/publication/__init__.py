"""How feeds and pages become files: editions, and the switch between them."""
