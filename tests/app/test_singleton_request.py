"""The singleton starter's query under other settings than the defaults."""

import pytest

from shared import exceptions
from shared.settings import Settings
from singleton import request

NARROW = Settings(max_tasks=20, max_seconds=0.5, batch_size=4, host_instance="here")


def test_the_defaults_stay_within_the_settings():
    job = request.read("http://host/api/orchestrators2/fan_out_fan_in", b"", NARROW).job
    assert (job.task_count, job.seconds, job.batch_size) == (20, 0.5, 4)


@pytest.mark.parametrize("query", ["taskCount=21", "seconds=0.6"])
def test_the_settings_bound_the_parameters(query):
    with pytest.raises(exceptions.InvalidValue, match="is out of range"):
        request.read(f"http://host/api/orchestrators2/fan_out_fan_in?{query}", b"", NARROW)
