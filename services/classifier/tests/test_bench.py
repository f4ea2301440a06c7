"""The benchmark measures what it says."""

from classifier.bench import measure


def test_everybody_reads_orders_of_the_same_size_and_we_find_words_in_them() -> None:
    found = measure(orders=3, runs=2)
    assert 700 < found.beside["letters"] < 1_100
    assert found.beside["hits"] > 10
    assert all(speed.median > 0 for speed in (found.ours, found.peer, found.limit))
    assert min(found.beside[who] for who in ("flashtext2", "naive")) > 0
