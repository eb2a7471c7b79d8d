"""The host's own endpoints below /admin: its state, its functions, its keys."""
