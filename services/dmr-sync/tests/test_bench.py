"""The benchmark measures what it says."""

from dmr_sync.bench import measure


def test_we_and_the_peer_find_the_same_in_a_file_like_the_real_one() -> None:
    found = measure(rows=300, wanted=100, runs=1)
    assert (found.beside["rows"], found.beside["found"]) == (300, 3)
    assert 8_000 < found.beside["bytes_a_row"] < 9_500
    assert all(speed.median > 0 for speed in (found.ours, found.peer, found.limit))
