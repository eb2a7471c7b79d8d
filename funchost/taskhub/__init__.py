"""The task hub: instances, history, messages and activities, kept durably in one SQLite file."""

from funchost.taskhub.exceptions import LeaseLost, TaskHubError
from funchost.taskhub.hub import TaskHub
from funchost.taskhub.transactions.activities import LeasedActivity
from funchost.taskhub.transactions.episodes import LeasedInstance

__all__ = ["LeaseLost", "LeasedActivity", "LeasedInstance", "TaskHub", "TaskHubError"]
