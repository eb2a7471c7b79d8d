"""Starting an instance: the one place that decides whether an ID is free and puts the rows there."""

import sqlite3
from dataclasses import replace

from funchost.durable.commit import Message
from funchost.durable.events import Event
from funchost.durable.exceptions import InstanceExists
from funchost.durable.model import Instance
from funchost.taskhub.storage.rows import instance_parameters, read_instance
from funchost.taskhub.storage.statements import SQL
from funchost.taskhub.transactions.posting import post


def put_new_instance(
    connection: sqlite3.Connection, instance: Instance, started: Event, *, overwrite_running: bool
) -> Instance:
    """Create an instance, or start a used ID anew; its first message is `started`.

    Raises InstanceExists, before anything is changed, when the ID belongs to an instance that has not
    ended and `overwrite_running` is not set.
    """
    replaced = read_instance(connection, instance.instance_id)
    if replaced is not None:
        if not replaced.status.is_final and not overwrite_running:
            raise InstanceExists(instance.instance_id, replaced.status)
        forget_instance(connection, instance.instance_id)
        instance = replace(instance, generation=replaced.generation + 1)
    connection.execute(SQL["put_instance"], instance_parameters(instance))
    connection.execute(SQL["open_mailbox"], {"instance_id": instance.instance_id})
    message = Message(instance.instance_id, started, instance.execution_id, instance.created_at)
    post(connection, [message])
    return instance


def forget_instance(connection: sqlite3.Connection, instance_id: str) -> None:
    """Remove every trace of an instance but its activities, which end without being heard."""
    for name in ("delete_instance", "delete_history", "delete_messages", "close_mailbox"):
        connection.execute(SQL[name], {"instance_id": instance_id})
