"""Listeners of changes within one process."""

from __future__ import annotations

from collections.abc import Callable

from backend.notifier import Notifier, Topic


def test_every_listener_is_told_the_topics() -> None:
    notifier = Notifier()
    first: list[frozenset[Topic]] = []
    second: list[frozenset[Topic]] = []
    notifier.listen(first.append)
    notifier.listen(second.append)
    notifier.publish(Topic.USERS, Topic.BUSINESSES, Topic.USERS)
    assert first == second == [frozenset({Topic.USERS, Topic.BUSINESSES})]


def test_a_listener_that_was_stopped_hears_nothing_more() -> None:
    notifier = Notifier()
    told: list[frozenset[Topic]] = []
    stop = notifier.listen(told.append)
    stop()
    stop()
    notifier.publish(Topic.USERS)
    assert told == []


def test_a_listener_may_stop_while_it_is_told() -> None:
    notifier = Notifier()
    told: list[str] = []
    stops: list[Callable[[], None]] = []

    def once(_topics: frozenset[Topic]) -> None:
        told.append("once")
        stops[0]()

    stops.append(notifier.listen(once))
    notifier.listen(lambda _topics: told.append("always"))
    notifier.publish(Topic.WORK)
    notifier.publish(Topic.WORK)
    assert told == ["once", "always", "always"]
