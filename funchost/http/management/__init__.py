"""The durable HTTP management API: one set of handlers for the public webhooks and the workers' calls."""
