"""Triggers: what has functions run by itself, each kind a `TriggerSource`; and retries of what failed."""
