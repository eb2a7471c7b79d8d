"""Start an instance under an ID, or find the one that has it.

Looking and starting are two calls, so two requests can both find the ID free. The task hub
decides between them; the loser's refusal is an answer here, not an error.
"""

from shared import durable, generations, starting
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
        if not rule.may_start(await generations.runtime_status(client, instance_id)):
            return False
        try:
            await starting.start(client, name, instance_id, given)
        except Exception as error:
            if not generations.instance_exists(error):
                raise
        else:
            return True
    return False
