"""The task hub: instances, history, messages and activities, kept durably in one SQLite file."""

from funchost.taskhub.exceptions import LeaseLost, TaskHubError
from funchost.taskhub.hub import TaskHub

__all__ = ["LeaseLost", "TaskHub", "TaskHubError"]
