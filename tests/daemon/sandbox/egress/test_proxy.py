"""The proxy between real sockets: what is listed is reached, and nothing else."""

import socket
import ssl

import pytest

from policy.egress import Destination

HERE = "127.0.0.1"


def get(place, *more):
    return "\r\n".join([f"GET http://{place}/x HTTP/1.1", *more, "", ""])


def test_a_listed_host_is_reached_at_what_it_resolves_to(server, front):
    far = server()
    place = f"listed.example:{far.port}"
    made = front([place], [place, f"{HERE}:{far.port}"], names={"listed.example": [[HERE]]})
    assert made.says(get(place, "Accept: */*")).endswith(b"hello")
    assert far.read == [
        f"GET /x HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nAccept: */*\r\n\r\n".encode()
    ]
    (line,) = made.proxy.close()
    assert (line.host, line.port, line.allowed, line.address) == (
        "listed.example", far.port, True, HERE,
    )  # fmt: skip
    assert line.sent > 0
    assert line.received == len(far.answer)


def test_a_tunnel_carries_tls_to_the_host_it_was_opened_to(server, front, certificate):
    far = server(b"inside", tls=certificate)
    place = f"listed.example:{far.port}"
    made = front([place], [place, f"{HERE}:{far.port}"], names={"listed.example": [[HERE]]})
    said = made.tunnels(place, greeting="listed.example", certificate=certificate)
    assert said == b"inside"


def test_a_tunnel_to_one_host_does_not_greet_another_at_the_same_address(
    server, front, certificate
):
    far = server(b"inside", tls=certificate)
    place = f"listed.example:{far.port}"
    made = front([place], [place, f"{HERE}:{far.port}"], names={"listed.example": [[HERE]]})
    with pytest.raises((ssl.SSLError, ConnectionError)):
        made.tunnels(place, greeting="other.example", certificate=certificate)
    assert far.read == []
    (line,) = made.proxy.close()
    assert (line.allowed, line.sent) == (False, 0)
    assert "other.example" in line.why


def test_a_tunnel_carries_nothing_but_tls(server, front):
    far = server()
    place = f"listed.example:{far.port}"
    made = front([place], [place, f"{HERE}:{far.port}"], names={"listed.example": [[HERE]]})
    said = made.says(f"CONNECT {place} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: other\r\n\r\n")
    assert said == b"HTTP/1.1 200 Connected\r\n\r\n"
    (line,) = made.proxy.close()
    assert (line.allowed, line.sent) == (False, 0)
    assert far.read in ([], [b""])


@pytest.mark.parametrize("asked", ["other.example", "127.0.0.1", "[::1]", "localhost"])
def test_what_is_not_listed_is_not_even_looked_up(server, front, asked):
    far = server()
    place = f"listed.example:{far.port}"
    made = front([place], [place, f"{HERE}:{far.port}"], names={asked: [[HERE]]})
    assert b" 403 " in made.says(get(f"{asked}:{far.port}"))
    assert b" 403 " in made.says(f"CONNECT {asked}:{far.port} HTTP/1.1\r\n\r\n")
    assert made.asked_of_dns == []
    assert far.read == []
    assert [line.allowed for line in made.proxy.close()] == [False, False]


def test_a_listed_name_that_turns_out_to_be_here_is_refused(server, front):
    far = server()
    place = f"listed.example:{far.port}"
    made = front([place], [place], names={"listed.example": [[HERE, "169.254.169.254", "::1"]]})
    said = made.says(get(place))
    assert b" 403 " in said
    assert b"is no public address" in said
    assert far.read == []


def test_a_name_that_changes_its_address_between_two_requests_is_judged_each_time(server, front):
    far = server()
    place = f"listed.example:{far.port}"
    allowed = [place, f"{HERE}:{far.port}"]
    made = front([place], allowed, names={"listed.example": [[HERE], ["127.0.0.2"]]})
    assert b" 200 " in made.says(get(place))
    assert b" 403 " in made.says(get(place))
    assert made.asked_of_dns == ["listed.example"] * 2
    first, second = made.proxy.close()
    assert (first.allowed, second.allowed) == (True, False)


def test_what_follows_a_request_is_never_read_as_another(server, front):
    far = server()
    place = f"listed.example:{far.port}"
    names = {"listed.example": [[HERE], [HERE]]}
    made = front([place], [place, f"{HERE}:{far.port}"], names=names)
    made.says(get(place) + get("other.example"))
    assert len(far.read) == 1
    assert b"other.example" not in far.read[0]
    assert len(made.proxy.close()) == 1


def test_what_the_policy_asks_for_beyond_the_host_file_says_so(front):
    made = front(["listed.example"], [])
    assert b"host file" in made.says("CONNECT listed.example:443 HTTP/1.1\r\n\r\n")


def test_a_header_without_end_is_cut_off(front):
    made = front([], [], header_bytes=1024)
    assert b" 431 " in made.says("GET http://x/ HTTP/1.1\r\nX: " + "a" * 2048)


def test_a_client_that_says_nothing_is_sent_away(front):
    made = front([], [], connect_s=1)
    with made.connects() as silent:
        assert b" 408 " in silent.recv(4096)


def test_bytes_are_counted_over_all_connections(server, front):
    far = server(b"x" * 3000)
    place = f"listed.example:{far.port}"
    names = {"listed.example": [[HERE], [HERE]]}
    made = front([place], [place, f"{HERE}:{far.port}"], names=names, bytes=5000)
    assert len(made.says(get(place))) == 3000
    assert len(made.says(get(place))) < 3000
    first, second = made.proxy.close()
    assert first.why == ""
    assert "more than 5000 bytes" in second.why


def test_more_connections_than_allowed_are_refused(front):
    made = front([], [], connections=1)
    with made.connects() as first:
        first.sendall(b"GET")
        assert b" 503 " in made.says(get("x"))


def test_more_requests_than_are_recorded_are_counted_and_refused(front):
    made = front([], [], lines=1)
    assert b" 403 " in made.says(get("one.example"))
    assert made.says(get("two.example")) == b""
    first, rest = made.proxy.close()
    assert first.host == "one.example"
    assert "1 more requests" in rest.why


def test_closing_ends_every_connection(server, front):
    far = server(b"")
    place = f"listed.example:{far.port}"
    made = front([place], [place, f"{HERE}:{far.port}"], names={"listed.example": [[HERE]]})
    with made.connects() as open_one, made.connects() as silent:
        open_one.sendall(f"CONNECT {place} HTTP/1.1\r\n\r\n".encode())
        assert open_one.recv(4096).startswith(b"HTTP/1.1 200")
        made.proxy.close()
        for each in (open_one, silent):
            assert each.recv(4096) == b""
    with pytest.raises(ConnectionRefusedError), socket.create_connection(made.address, timeout=5):
        pass


def test_where_the_host_has_a_proxy_of_its_own_that_one_is_asked(server, front, certificate):
    far = server(b"inside", tls=certificate)
    allowed = [f"{HERE}:{far.port}", "listed.example"]
    names = {"listed.example": [[HERE]]}
    place = f"listed.example:{far.port}"
    second = front([place], [place, f"{HERE}:{far.port}"], names=names)
    via = Destination(host=HERE, port=second.address[1])
    first = front([place], [place, *allowed], via=via)
    assert first.tunnels(place, greeting="listed.example", certificate=certificate) == b"inside"
    assert b" 403 " in first.says(get("other.example"))
    assert first.asked_of_dns == []
    assert [line.host for line in second.proxy.close()] == ["listed.example"]


def test_a_plain_request_through_the_hosts_proxy_keeps_its_host(server, front):
    far = server()
    place = f"listed.example:{far.port}"
    second = front([place], [place, f"{HERE}:{far.port}"], names={"listed.example": [[HERE]]})
    first = front([place], [place], via=Destination(host=HERE, port=second.address[1]))
    assert first.says(get(place)).endswith(b"hello")
    assert far.read[0].startswith(b"GET /x HTTP/1.1\r\nHost: listed.example:")


def test_what_the_hosts_proxy_refuses_is_said(front):
    second = front([], [])
    first = front(["a.example"], ["a.example"], via=Destination(host=HERE, port=second.address[1]))
    said = first.says("CONNECT a.example:443 HTTP/1.1\r\n\r\n")
    assert b"the host's proxy, says: HTTP/1.1 403" in said
