"""How a fan-out is split: into the nodes of a tree, and into groups for progress.

Pure arithmetic, the same in every replay.

Why a tree: an instance replays its whole history in every episode, so the cost of one flat
instance grows with the square of its tasks. No node of the tree has more than `batch_size`
children, be they activities or nodes.
"""

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

from shared.fan_out import FanOut

Item = TypeVar("Item")


def fits_one_node(job: FanOut) -> bool:
    """Whether the tasks run as activities of one instance."""
    return job.task_count <= job.batch_size


def split(job: FanOut) -> list[FanOut]:
    """Divide a job that is too large for one node among as few children as possible.

    The children cover the indexes in order, without a gap, and differ by one task at most.
    """
    parts = min(job.batch_size, -(-job.task_count // job.batch_size))
    children = []
    first_index = job.first_index or 0
    for count in _shares(job.task_count, parts):
        children.append(dataclasses.replace(job, task_count=count, first_index=first_index))
        first_index += count
    return children


def groups(items: Sequence[Item], most: int) -> list[Sequence[Item]]:
    """Cut items, in order, into at most `most` groups whose sizes differ by one at most."""
    cut = []
    begin = 0
    for size in _shares(len(items), min(most, len(items))):
        cut.append(items[begin : begin + size])
        begin += size
    return cut


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (1 if part < total % parts else 0) for part in range(parts)]
