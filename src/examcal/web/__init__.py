"""The ASGI application: feeds, pages, subscriptions, health, metrics."""
