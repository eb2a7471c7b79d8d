"""The dispatchers: they lease work items from the task hub, have workers run them, and commit what came."""
