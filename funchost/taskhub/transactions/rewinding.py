"""Rewinding a failed instance, and with it the children whose failure it shares.

Source: HTTP management API: rewind; DurableTask.AzureStorage, RewindHistoryAsync.
"""

from funchost.durable.exceptions import InstanceEnded, InstanceNotFound, WrongState
from funchost.durable.model import Instance, Status
from funchost.durable.rewind import failed_children, rewind
from funchost.taskhub.storage.database import Transaction
from funchost.taskhub.storage.rows import instance_parameters, read_history, read_instance
from funchost.taskhub.storage.statements import SQL
from funchost.taskhub.transactions.episodes import write_history
from funchost.taskhub.transactions.posting import post


def rewind_instance(transaction: Transaction, instance_id: str, reason: str, now: int) -> None:
    """Set a failed instance back to before its failures and let it go on.

    Raises InstanceNotFound; InstanceEnded when it has ended otherwise; WrongState when it has not ended.
    """
    connection = transaction.connection
    instance = read_instance(connection, instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    if instance.status is not Status.FAILED:
        if instance.status.is_final:
            raise InstanceEnded(instance_id, instance.status)
        raise WrongState("The rewind operation is only supported on failed orchestration instances.")
    history = read_history(connection, instance_id)
    children = [read_instance(connection, child_id) for child_id in failed_children(history)]
    rewound = {child.instance_id for child in children if child and _is_failed_child(child, instance)}
    commit = rewind(instance, history, rewound, reason, now)
    write_history(connection, instance_id, commit)
    connection.execute(SQL["update_instance"], instance_parameters(commit.instance))
    # Episodes count on from a number that no host has seen with this execution: a copy of the history from
    # before the rewind would pass for current otherwise.
    connection.execute(SQL["reopen_mailbox"], {"instance_id": instance_id, "episode": now})
    post(connection, commit.messages)
    for child_id in rewound:
        rewind_instance(transaction, child_id, reason, now)
    transaction.orchestrations = True


def _is_failed_child(child: Instance, parent: Instance) -> bool:
    """The ID of a child may have been used again by somebody else meanwhile."""
    started_by = (child.parent_instance_id, child.parent_execution_id)
    return child.status is Status.FAILED and started_by == (parent.instance_id, parent.execution_id)
