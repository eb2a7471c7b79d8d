"""A task hub that only keeps statuses. What it is asked through is in `http_hub` and `grpc_hub`.

It is asked through the SDK's real client, so that the tests see what the client makes of IDs and of
refusals.
"""

from dataclasses import dataclass, field

ENDED = ("Completed", "Failed", "Terminated", "Canceled")


class Refusal(Exception):
    """A start under an ID that is in use."""


class OutOfOrder(Exception):
    """A start that fails for a reason of the hub's own."""


@dataclass
class Start:
    """A start that the hub has taken."""

    name: str
    instance_id: str
    stored_input: str | None
    """JSON."""


@dataclass
class FakeHub:
    """Statuses by instance ID, and ways to make the hub behave as busy ones do."""

    statuses: dict[str, str] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    blind_looks: int = 0
    """So many queries do not see the instance that is there."""
    refusals: int = 0
    """So many starts are refused although nothing can be seen."""
    broken: bool = False
    """Starts fail for a reason of the hub's own."""
    disabled: tuple[str, ...] = ()
    """Functions that the host does not run."""

    def forget_everything(self) -> None:
        """Be as new."""
        self.statuses.clear()
        self.starts.clear()
        self.blind_looks = self.refusals = 0
        self.broken = False
        self.disabled = ()

    def binding(self) -> str:
        """Give the value of a durable client binding, as the extension writes it."""
        raise NotImplementedError

    def look(self, instance_id: str) -> str | None:
        """Give the status of an instance."""
        if self.blind_looks:
            self.blind_looks -= 1
            return None
        return self.statuses.get(instance_id)

    def start(self, name: str, instance_id: str, stored_input: str | None) -> None:
        """Take a start, or raise Refusal or OutOfOrder."""
        if self.broken:
            raise OutOfOrder("The store is out of reach.")
        status = self.statuses.get(instance_id)
        if self.refusals or (status is not None and status not in ENDED):
            self.refusals = max(0, self.refusals - 1)
            raise Refusal(f"An Orchestration instance with the status {status or 'Running'} already exists.")
        self.statuses[instance_id] = "Pending"
        self.starts.append(Start(name, instance_id, stored_input))
