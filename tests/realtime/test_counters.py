"""What is counted, as plain numbers."""

from quad.realtime import Counters
from quad.realtime.counters import Histogram


def test_an_observation_falls_into_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 99.0):
        histogram.observe(value)
    assert histogram.buckets == [2, 2, 1]
    assert histogram.total == 104.0


def test_an_event_has_one_counter() -> None:
    counters = Counters()
    counters.event("say").succeeded += 1
    counters.event("say").succeeded += 1
    assert counters.events["say"].succeeded == 2
