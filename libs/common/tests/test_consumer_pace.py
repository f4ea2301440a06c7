"""How many events a batch takes: a flood of one dealer must not keep the next batch, with another dealer's answer, waiting."""

from hypothesis import given
from hypothesis import strategies as st

from common.bus.consumer import BATCH, FEWEST, PATIENCE, paced


def test_slow_batches_shrink_until_each_lasts_as_long_as_others_may_wait() -> None:
    limit, took = BATCH, []
    for _ in range(10):
        took.append(0.06 + limit * 0.02)  # what a batch costs, and what each event costs
        limit = paced(limit, limit, took[-1])
    assert took[0] > 5
    assert PATIENCE * 0.6 < took[-1] < PATIENCE * 1.1


def test_a_batch_is_never_above_the_most_nor_below_the_fewest() -> None:
    assert paced(FEWEST, FEWEST, 60.0) == FEWEST
    assert paced(BATCH, BATCH, 0.001) == BATCH


def test_it_grows_again_once_events_are_cheap() -> None:
    limit = FEWEST
    for _ in range(6):
        limit = paced(limit, limit, 0.001)
    assert limit == BATCH


def test_a_batch_that_was_not_full_says_nothing_against_a_full_one() -> None:
    assert paced(400, 3, 0.2) >= 400


@given(st.integers(FEWEST, BATCH), st.integers(1, BATCH), st.floats(0, 1000))
def test_a_step_is_at_most_half_down_and_double_up(limit: int, handled: int, seconds: float) -> None:
    after = paced(limit, min(handled, limit), seconds)
    assert max(limit // 2, FEWEST) <= after <= min(limit * 2, BATCH)
