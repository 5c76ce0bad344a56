"""One notice to one receiver: signed, or through apprise; what fails says why and no secret."""

import os
import socket

import pytest

from daemon.notifying.sending import NotSent, Sent, send
from policy.notifying.destinations import Apprise, Webhook
from policy.notifying.notice import Notice
from policy.notifying.rules import Event

NOTICE = Notice(
    id="0123456789abcdef0123456789abcdef", event=Event.WAITING, priority="action", repo="house",
    mission="H-1", title="H-1 waits for a person", why="nobody approved it yet",
    next="pawl show H-1", at="2026-12-01T12:00:00Z",
)  # fmt: skip


def sends(destination, **more):
    return send(destination, NOTICE, timeout_s=20, credentials=more.get("credentials"))


def test_a_webhook_is_signed_and_says_all_of_it(receiver, secret):
    hook = Webhook(webhook=f"{receiver.url}/hook?to=ops", secret=str(secret))
    assert sends(hook) == Sent()
    (post,) = receiver.posts
    assert post.path == "/hook?to=ops"
    assert post.is_signed()
    assert not post.is_signed(key=b"another key of at least 24 bytes")
    assert post.headers["webhook-id"] == NOTICE.id == post.json["id"]
    assert (post.json["type"], post.json["priority"]) == ("pawl.waiting", "action")
    assert post.json["text"] == "nobody approved it yet\n\nnext: pawl show H-1"


def test_what_is_not_answered_with_yes_is_not_sent(receiver, secret):
    hook = Webhook(webhook=receiver.url, secret=str(secret))
    receiver.status = 503
    assert sends(hook) == NotSent("the receiver answered 503 Service Unavailable")


def test_a_redirect_is_not_followed(receiver, secret):
    receiver.status, receiver.moved_to = 307, f"{receiver.url}/elsewhere"
    assert isinstance(sends(Webhook(webhook=receiver.url, secret=str(secret))), NotSent)
    assert [post.path for post in receiver.posts] == ["/"]


def test_nobody_at_home_is_told(secret):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        found = sends(Webhook(webhook=url, secret=str(secret)))
    assert isinstance(found, NotSent)
    assert found.why.startswith("the receiver cannot be reached: ConnectionRefusedError")


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        pytest.param("whsec_AAAA\n", 0o600, "24 to 64 bytes", id="a short key"),
        pytest.param("secret\n", 0o600, "24 to 64 bytes", id="no key"),
        pytest.param("", 0o600, "must hold one line", id="nothing"),
        pytest.param("whsec_A\nwhsec_B\n", 0o600, "must hold one line", id="two"),
        pytest.param("whsec_A\n", 0o640, "lets others in", id="others read it"),
    ],
)
def test_a_secret_that_is_none_is_told_without_its_words(receiver, secret, content, mode, said):
    secret.write_text(content)
    secret.chmod(mode)
    found = sends(Webhook(webhook=receiver.url, secret=str(secret)))
    assert isinstance(found, NotSent)
    assert said in found.why
    assert "whsec_A" not in found.why
    assert receiver.posts == []


def test_what_systemd_hands_over_may_be_readable_as_it_is(receiver, secret):
    secret.chmod(0o440)
    hook = Webhook(webhook=receiver.url, secret=str(secret))
    assert isinstance(sends(hook), NotSent)
    assert sends(hook, credentials=secret.parent) == Sent()


def test_a_missing_secret_and_a_pipe_are_told(receiver, secret):
    secret.unlink()
    assert "cannot be read" in sends(Webhook(webhook=receiver.url, secret=str(secret))).why
    os.mkfifo(secret, 0o600)
    assert "is not a file" in sends(Webhook(webhook=receiver.url, secret=str(secret))).why


def test_apprise_delivers_to_a_service_by_its_address(receiver, secret):
    secret.write_text(f"{receiver.url.replace('http', 'json')}/tell\n")
    assert sends(Apprise(apprise=str(secret))) == Sent()
    (post,) = receiver.posts
    assert post.path == "/tell"
    assert post.json["title"] == "house: H-1 waits for a person"
    assert "next: pawl show H-1" in post.json["message"]
    assert post.json["type"] == "warning"


def test_what_apprise_cannot_deliver_is_told_without_the_address(receiver, secret):
    receiver.status = 500
    secret.write_text(f"{receiver.url.replace('http', 'json')}/s3cr3t-token?password=hunter2\n")
    found = sends(Apprise(apprise=str(secret)))
    assert isinstance(found, NotSent)
    assert "500" in found.why
    for part in ("s3cr3t-token", "hunter2", "127.0.0.1"):
        assert part not in found.why


def test_an_address_that_apprise_does_not_know_is_told(secret):
    secret.write_text("nowhere://s3cr3t-token\n")
    found = sends(Apprise(apprise=str(secret)))
    assert found == NotSent("the address in its secret file is none that apprise knows")
