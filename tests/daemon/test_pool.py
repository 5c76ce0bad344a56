"""Deeds in workers: collected once, their errors kept, stopped when asked."""

import threading

import pytest

from daemon.pool import Pool, WorkerDiedError
from daemon.wake import Wake


def test_a_deed_wakes_the_loop_and_is_collected_once():
    wake = Wake()
    pool = Pool(wake)
    go = threading.Event()
    pool.start("H-1", "building", lambda _: go.wait() and "found")
    assert pool.under_way() == {"H-1": "building"}
    assert pool.over() == []
    go.set()
    wake.wait(60)
    (flight,) = pool.over()
    assert (flight.key, flight.future.result()) == ("H-1", "found")
    assert pool.under_way() == {}
    assert pool.over() == []


def test_an_error_rises_where_the_flight_is_taken_and_not_before():
    wake = Wake()
    pool = Pool(wake)

    def fail(_):
        raise LookupError("no such thing")

    pool.start("H-1", "building", fail)
    wake.wait(60)
    (flight,) = pool.over()
    with pytest.raises(LookupError):
        flight.future.result()


def test_one_mission_has_one_deed():
    pool = Pool(Wake())
    pool.start("H-1", "building", lambda stop: stop.wait())
    with pytest.raises(ValueError, match="under way"):
        pool.start("H-1", "again", lambda _: None)
    pool.close()


def test_stopping_one_leaves_the_others_and_closing_stops_all():
    wake = Wake()
    pool = Pool(wake)
    for name in ("H-1", "H-2"):
        pool.start(name, "building", lambda stop: stop.wait())
    pool.stop("H-1")
    wake.wait(60)
    assert [flight.key for flight in pool.over()] == ["H-1"]
    assert list(pool.under_way()) == ["H-2"]
    pool.close()
    assert [flight.key for flight in pool.over()] == ["H-2"]


def test_a_worker_that_died_without_a_word_is_noticed(monkeypatch):
    pool = Pool(Wake())
    monkeypatch.setattr(pool, "_run", lambda *_: None)
    pool.start("H-1", "building", lambda _: "found")
    for flight in pool._flights.values():
        flight.thread.join()
    with pytest.raises(WorkerDiedError, match="H-1"):
        pool.check()
