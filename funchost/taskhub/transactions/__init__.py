"""What the task hub does to its rows: every function here is a part of one transaction."""
