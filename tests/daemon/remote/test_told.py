"""Of two hosts of one hub, the one that closed a mission tells of it, and the other does not."""

import yaml


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
