"""Timer triggers: when they are due, which host fires them, and what the function is given."""
