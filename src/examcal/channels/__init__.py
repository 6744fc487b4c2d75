"""How a message leaves: e-mail, WeCom robot and application, Apprise, outbox files. One contract for all."""
