"""Start an instance under an ID, or find the one that has it.

Looking and starting are two calls, so two requests can both find the ID free. The task hub
decides between them; the loser's refusal is an answer here, not an error.
"""

from shared import durable, start_errors, starting
from singleton import rule

ATTEMPTS = 3
"""How often to look again when the task hub refuses a start under an ID that looks free: the
winner may have ended since, or is not visible yet."""


async def start_or_find(client: durable.Client, name: str, instance_id: str, given: object) -> bool:
    """Make sure that an instance runs under the ID; say whether this call started it.

    False means that another one was there. The refusal of the task hub is proof enough of that,
    even if that instance ended while we looked again.

    Raises OrchestratorNotFound when there is no such orchestrator.
    """
    for _ in range(ATTEMPTS):
        found = (await client.get_status(instance_id)).runtime_status
        if not rule.may_start(found.name if found else None):
            return False
        try:
            await starting.start(client, name, instance_id, given)
        except Exception as error:
            if not start_errors.instance_exists(error):
                raise
        else:
            return True
    return False
