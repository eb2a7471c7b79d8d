"""The split of a fan-out into a tree, and into groups."""

from hypothesis import given
from hypothesis import strategies as st

from fanout import plan
from shared import fan_out


def leaves_and_nodes(job):
    """All leaves in order, and the number of children of every node."""
    if plan.fits_one_node(job):
        return [job], [job.task_count]
    children = plan.split(job)
    leaves, sizes = [], [len(children)]
    for child in children:
        below, more = leaves_and_nodes(child)
        leaves += below
        sizes += more
    return leaves, sizes


@given(count=st.integers(0, 20_000), batch_size=st.integers(2, 1_000), first=st.none() | st.integers(0, 500))
def test_the_leaves_cover_every_index_once_in_order(count, batch_size, first):
    job = fan_out.FanOut(count, batch_size=batch_size, first_index=first)
    position = first or 0
    for leaf in leaves_and_nodes(job)[0]:
        assert (leaf.first_index or 0) == position
        position += leaf.task_count
    assert position == (first or 0) + count


@given(count=st.integers(0, 20_000), batch_size=st.integers(2, 1_000))
def test_no_node_has_more_children_than_the_batch_size(count, batch_size):
    _, sizes = leaves_and_nodes(fan_out.FanOut(count, batch_size=batch_size))
    assert max(sizes) <= batch_size


def test_a_million_tasks_are_three_levels_of_a_hundred():
    job = fan_out.FanOut(fan_out.MOST_TASKS)
    children = plan.split(job)
    grandchildren = plan.split(children[-1])
    assert len(children) == len(grandchildren) == 100
    assert all(plan.fits_one_node(leaf) for leaf in grandchildren)


def test_what_shapes_the_job_goes_down_to_its_parts():
    job = fan_out.FanOut(5, seconds=0.25, activity="sleep_async", batch_size=2)
    assert {(part.seconds, part.activity, part.batch_size) for part in plan.split(job)} == {
        (0.25, "sleep_async", 2)
    }


@given(items=st.lists(st.integers(), max_size=300), most=st.integers(1, 30))
def test_groups_keep_the_items_in_order_and_are_of_one_size_or_nearly(items, most):
    groups = plan.groups(items, most)
    assert [item for group in groups for item in group] == items
    assert len(groups) == min(most, len(items))
    sizes = {len(group) for group in groups}
    assert not sizes or max(sizes) - min(sizes) <= 1
    assert 0 not in sizes
