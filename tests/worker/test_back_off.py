"""How long a worker stays down."""

from funchost.worker.pool import next_delay


def test_the_wait_doubles_with_every_death_up_to_ten_seconds():
    delays = []
    delay = None
    for _ in range(9):
        delay = next_delay(delay, lived_seconds=0)
        delays.append(delay)

    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_minute_of_health_makes_up_for_the_deaths_before():
    assert next_delay(10.0, lived_seconds=60) == 0.1
    assert next_delay(10.0, lived_seconds=59) == 10.0
