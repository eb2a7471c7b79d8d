"""Nothing acknowledged is lost or counts twice, whatever is killed, stopped, locked, filled or set."""

import pytest

from tests.faults.torture import torture


@pytest.mark.timeout(180)
def test_what_was_acknowledged_comes_to_its_end_exactly_once(tmp_path):
    report = torture(tmp_path, seed=20261, instances=2, seconds=0, say=print)

    print(report)
    assert report.is_good, report.log[-3000:]
    assert all(report.faults.values())
