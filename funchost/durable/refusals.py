"""Refusals of the durable engine; each text is what a client of the real host reads."""

from funchost.durable.status import Status


class DurableError(Exception):
    """Base of every refusal; the HTTP edge turns each kind into its status code."""


class InstanceNotFound(DurableError):
    """There is no instance under this ID."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"No instance with ID '{instance_id}' was found.")
        self.instance_id = instance_id


class InstanceEnded(DurableError):
    """The instance has ended, so there is nothing left to change."""

    def __init__(self, instance_id: str, status: Status) -> None:
        super().__init__(f"The instance '{instance_id}' has ended; its status is {status}.")
        self.instance_id = instance_id
        self.status = status


class InstanceExists(DurableError):
    """The ID is in use by an instance that has not ended."""

    def __init__(self, instance_id: str, status: Status) -> None:
        super().__init__(f"An Orchestration instance with the status {status} already exists.")
        self.instance_id = instance_id
        self.status = status


class InvalidInstanceId(DurableError):
    """The ID is one that the durable extension does not take."""


class WrongState(DurableError):
    """The instance is not in a status that allows this operation."""


class OtherGeneration(DurableError):
    """The instance began under the other SDK generation, 1.x or 2.x, whose messages this app cannot make."""

    def __init__(self, instance_id: str, began: str, runs: str) -> None:
        super().__init__(
            f"The instance '{instance_id}' began in an app on azure-functions-durable {began}, and this app "
            f"is on {runs}. Start the app on {began} again to let it go on, or purge the instance."
        )
        self.instance_id = instance_id


class HubUnavailable(DurableError):
    """The task hub cannot be read or written now, whatever is asked of it; nothing was changed."""

    def __init__(self, hub: str, reason: str, advice: str) -> None:
        super().__init__(f"Task hub '{hub}' cannot be used: {reason}. {advice}")
        self.reason = reason
        self.advice = advice


class Unreadable(ValueError):
    """What came from outside cannot be read or stored; the text says why."""
