"""The task hub: instances, history, messages and activities, kept durably in one SQLite file."""

from funchost.taskhub.client_operations import ClientOperations
from funchost.taskhub.database import LeaseLost, Work
from funchost.taskhub.hub import TaskHub
from funchost.taskhub.leasing import LeasedActivity, LeasedInstance, Selection
from funchost.taskhub.ownership import App
from funchost.taskhub.trouble import HubDamaged, TaskHubError

__all__ = [
    "App",
    "ClientOperations",
    "HubDamaged",
    "LeaseLost",
    "LeasedActivity",
    "LeasedInstance",
    "Selection",
    "TaskHub",
    "TaskHubError",
    "Work",
]
