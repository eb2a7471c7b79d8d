"""Finding instances: filters, pages and what clients see of an entity, read with one connection."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from funchost.durable.instances import Instance, InstanceFilter
from funchost.taskhub.rows import instance_from_row
from funchost.taskhub.statements import SQL

_FIRST_MOMENT = -(2**62)
_LAST_MOMENT = 2**62
_LAST_CHARACTER = "\U0010ffff"
_VALUES = ("input", "output", "custom_status", "failure", "entity_state")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of what is found, and how much of it.

    It begins behind the ID `after` and ends after `limit` instances, or earlier when their values have
    reached `most_text` characters. Without values these are left out; without stateless, entities that have
    no state are.
    """

    limit: int
    after: str = ""
    with_values: bool = True
    most_text: int | None = None
    with_stateless: bool = True


@dataclass(frozen=True, slots=True)
class EntityStatus:
    """What clients see of an entity.

    `state` is JSON text, None without one or when it was not asked for; `backlog` is how many messages wait;
    `locked_by` is the ID of the orchestration that holds its lock.
    """

    entity_id: str
    updated_at: int
    state: str | None
    backlog: int
    locked_by: str | None


def read_page(
    connection: sqlite3.Connection, filter: InstanceFilter, page: Page
) -> tuple[list[Instance], str | None]:
    """Instances in the order of their IDs, and the ID behind which the next page begins, None at the end.

    They are read one by one, so that no more is held in memory than the page takes.
    """
    parameters = filter_parameters(filter) | {
        "after": page.after,
        "limit": page.limit + 1,
        "with_values": page.with_values,
        "with_state_only": not page.with_stateless,
    }
    found: list[Instance] = []
    length = 0
    for row in connection.execute(SQL["page"], parameters):
        if len(found) == page.limit or (page.most_text is not None and length >= page.most_text):
            return found, found[-1].instance_id
        found.append(instance_from_row(row))
        length += sum(len(row[name]) for name in _VALUES if row[name] is not None)
    return found, None


def entity_status(connection: sqlite3.Connection, entity: Instance) -> EntityStatus:
    """What clients see of the entity with this row."""
    (backlog,) = connection.execute(SQL["backlog"], {"instance_id": entity.instance_id}).fetchone()
    return EntityStatus(entity.instance_id, entity.updated_at, entity.entity_state, backlog, entity.locked_by)


def filter_parameters(filter: InstanceFilter) -> dict[str, Any]:
    """A filter as parameters of the statements that find instances."""
    return {
        "created_from": _FIRST_MOMENT if filter.created_from is None else filter.created_from,
        "created_to": _LAST_MOMENT if filter.created_to is None else filter.created_to,
        "updated_from": _FIRST_MOMENT if filter.updated_from is None else filter.updated_from,
        "updated_to": _LAST_MOMENT if filter.updated_to is None else filter.updated_to,
        "entities": filter.entities,
        "prefix": filter.prefix,
        "prefix_end": filter.prefix + _LAST_CHARACTER,
        "statuses": f",{','.join(sorted(filter.statuses))}," if filter.statuses else "",
    }
