"""Entities as classes: an account, and what an entity can do to others."""

from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
from durabletask.entities import DurableEntity, EntityInstanceId

bp = df.Blueprint()


@bp.entity_trigger(context_name="context", entity_name="Account")
class Account(DurableEntity):
    """A balance; each operation is a method."""

    def read(self):
        return self.get_state(int, 0)

    def write(self, balance):
        self.set_state(balance)

    def add(self, amount):
        self.set_state(self.get_state(int, 0) + amount)
        return self.get_state(int)

    def fail(self, _=None):
        self.set_state(1000)
        raise ValueError("refused")

    def add_later(self, given):
        """Signal oneself."""
        at = datetime.now(UTC) + timedelta(seconds=given["seconds"])
        self.signal_entity(self.entity_context.entity_id, "add", given["amount"], signal_time=at)

    def give_to(self, key):
        """Signal another one."""
        self.signal_entity(EntityInstanceId("Account", key), "add", self.get_state(int, 0))
        self.set_state(0)

    def start(self, given):
        """Start an orchestration."""
        return self.schedule_new_orchestration(given["name"], given["input"], instance_id=given["id"])
