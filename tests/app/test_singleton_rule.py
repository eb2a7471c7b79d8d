"""When an instance may start under an ID."""

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from singleton import rule

MAY_START = {
    "Completed": True,
    "Failed": True,
    "Terminated": True,
    "Canceled": True,
    "Pending": False,
    "Running": False,
    "Suspended": False,
    "ContinuedAsNew": False,
}


@pytest.mark.parametrize(("status", "may_start"), MAY_START.items())
def test_only_an_instance_that_has_ended_gives_up_its_id(status, may_start):
    assert rule.may_start(status) is may_start


def test_an_id_that_nobody_has_is_free():
    assert rule.may_start(None)


def test_the_rule_knows_every_status_of_the_sdk():
    assert {status.name for status in OrchestrationRuntimeStatus} == set(MAY_START)
