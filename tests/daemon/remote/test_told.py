"""Of two hosts of one hub, the one that closed a mission tells of it, and the other does not."""

from datetime import UTC, datetime, timedelta

import yaml

from daemon.notifying.memory import recall


def tells(host, receiver, secret, name):
    """Have *host* tell the receiver, under a path of its own."""
    path = host.outside.config / "host.yaml"
    to = {name: {"webhook": f"{receiver.url}/{name}", "secret": str(secret)}}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "notify": to}))


def test_the_host_that_closed_it_tells(hub, hosts, receiver, secret):
    policy = b"schema: 1\nextends: default-1\nrepo_name: house\n"
    one = hosts("one", policy=policy + b"notifications: [{to: one}, {to: two}]\n")
    two = hosts("two")
    for name, host in (("one", one), ("two", two)):
        tells(host, receiver, secret, name)
        host.runs()
    hub.wishes("H-1")
    one.runs()
    two.runs()
    assert hub.landings() == ["H-1"]
    assert [post.path for post in receiver.posts] == ["/one"]
    assert receiver.events == ["landed"]


class Clock:
    """A clock that jumps ahead when it is told to."""

    ahead = timedelta(0)

    def now(self):
        return datetime.now(UTC).replace(microsecond=0) + self.ahead


def test_a_hub_that_is_away_for_long_is_told_and_a_short_while_is_not(hub, hosts, receiver, secret):
    policy = b"schema: 1\nextends: default-1\nrepo_name: house\n"
    one = hosts("one", policy=policy + b"notifications: [{to: ops}]\n")
    tells(one, receiver, secret, "ops")
    hub.bare.rename(hub.bare.with_name("away"))
    clock = Clock()
    with one.serves(clock=clock) as it:
        daemon, post = it.daemon, it.post
        for _ in range(3):
            standing = daemon.reconcile()
            post.look(standing, daemon.drafts, daemon.rules)
            it.wake.wait(1)
        assert standing.offline is not None
        assert recall(one.outside.state).told.known == {}
        clock.ahead = timedelta(seconds=601)
        standing = daemon.reconcile()
        post.look(standing, daemon.drafts, daemon.rules)
        receiver.waits_for(lambda got: got.posts)
    hub.bare.with_name("away").rename(hub.bare)
    assert receiver.events == ["stalled"]
    assert "the hub was not reached" in receiver.posts[0].json["why"]
