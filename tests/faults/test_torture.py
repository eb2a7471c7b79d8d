"""Nothing acknowledged is lost and nothing counts twice, whatever is killed, stopped, locked or filled."""

import pytest

from tests.faults.torture import torture


@pytest.mark.timeout(180)
@pytest.mark.parametrize("instances", [1, 2])
def test_what_was_acknowledged_comes_to_its_end_exactly_once(tmp_path, instances):
    report = torture(tmp_path, seconds=6, seed=20260 + instances, instances=instances)

    print(report)
    assert report.verdict.lost == [], report.log[-3000:]
    assert report.verdict.doubled == [], report.log[-3000:]
    assert len(report.acknowledged.starts) > 20
    assert sum(report.faults.values()) > 3
