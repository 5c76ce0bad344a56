"""One request header, read strictly: what two readers could take for two things is refused."""

import pytest

from daemon.sandbox.egress.request import Fetch, Tunnel, Unreadable, read_request


def asks(*lines):
    return read_request("\r\n".join([*lines, "", ""]).encode("latin-1"))


def test_a_tunnel_names_host_and_port():
    found = asks("CONNECT pypi.org:443 HTTP/1.1", "Host: pypi.org:443", "User-Agent: pip")
    assert isinstance(found, Tunnel)
    assert str(found.to) == "pypi.org:443"


def test_a_plain_request_is_made_anew():
    found = asks(
        "GET http://Mirror.example/simple/?a=b HTTP/1.1", "Host: mirror.example", "Accept: */*",
        "Proxy-Authorization: Basic eA==", "Connection: keep-alive, X-Secret", "Content-Length: 0",
    )  # fmt: skip
    assert isinstance(found, Fetch)
    assert str(found.to) == "mirror.example:80"
    assert found.head == (
        b"GET /simple/?a=b HTTP/1.1\r\nHost: mirror.example\r\nConnection: close\r\n"
        b"Accept: */*\r\n\r\n"
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["CONNECT pypi.org HTTP/1.1"],
        ["CONNECT pypi.org:443 HTTP/1.1", "Host: evil.example"],
        ["CONNECT pypi.org:443 HTTP/1.1", "Host: pypi.org", "Host: evil.example"],
        ["CONNECT pypi.org:443\tevil.example:443 HTTP/1.1"],
        ["CONNECT pypi.org:443 evil.example HTTP/1.1"],
        ["CONNECT evil.example\0.pypi.org:443 HTTP/1.1"],
        ["CONNECT me@pypi.org:443 HTTP/1.1"],
        ["CONNECT pypi.org.:443 HTTP/1.1"],
        ["CONNECT pypi.org:443 HTTP/2.0"],
        ["GET / HTTP/1.1", "Host: pypi.org"],
        ["GET https://pypi.org/ HTTP/1.1"],
        ["GET http://pypi.org@evil.example/ HTTP/1.1"],
        ["GET http://pypi.org:80:81/ HTTP/1.1"],
        ["GET http://pypi.org\\@evil.example/ HTTP/1.1"],
        ["GET http://pypi.org/#x HTTP/1.1"],
        ["GET http://pypi.org/ HTTP/1.1", "Host: evil.example"],
        ["GET http://pypi.org/ HTTP/1.1", "Host:evil.example", "X: y"],
        ["GET http://pypi.org/ HTTP/1.1", "Content-Length: 5"],
        ["GET http://pypi.org/ HTTP/1.1", "Content-Length: +0"],
        ["GET http://pypi.org/ HTTP/1.1", "Transfer-Encoding: chunked"],
        ["GET http://pypi.org/ HTTP/1.1", "Transfer-Encoding : chunked"],
        ["GET http://pypi.org/ HTTP/1.1", " folded: yes"],
        ["GET http://pypi.org/ HTTP/1.1", "no colon"],
        ["GET http://pypi.org/ HTTP/1.1", "X: a\nHost: evil.example"],
        ["GET http://pypi.org/ HTTP/1.1", "X: a\rHost: evil.example"],
        ["GET http://pypi.org/ HTTP/1.1", "X: \x80"],
        ["POST http://pypi.org/ HTTP/1.1", "Content-Length: 0"],
        ["get http://pypi.org/ HTTP/1.1"],
        ["GET  http://pypi.org/ HTTP/1.1"],
        ["", "GET http://pypi.org/ HTTP/1.1"],
    ],
)
def test_anything_else_is_no_request(lines):
    assert isinstance(asks(*lines), Unreadable)


def test_a_header_that_does_not_end_is_no_request():
    assert isinstance(read_request(b"CONNECT pypi.org:443 HTTP/1.1\r\n"), Unreadable)
