"""Whether a request may come in: its name and origin, its key, and how many run already."""
