"""Instances for tests of the pure rules."""

from dataclasses import replace
from typing import Any

from funchost.durable.instances import Instance, Status

NOON = 1_714_564_800_000_000  # 2024-05-01T12:00:00Z


def new_instance(**fields: Any) -> Instance:
    """A pending orchestration instance abc, execution e1, with other values where given."""
    instance = Instance(
        instance_id="abc",
        execution_id="e1",
        name="o",
        version="",
        status=Status.PENDING,
        input=None,
        output=None,
        custom_status=None,
        created_at=NOON,
        updated_at=NOON,
        completed_at=None,
    )
    return replace(instance, **fields)
