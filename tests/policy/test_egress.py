"""Which hosts may be reached, and what they may turn out to be."""

import pytest
from pydantic import ValidationError

from policy.egress import Destination, destination, rules
from policy.host import Host
from policy.typed import read


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("pypi.org", "pypi.org", 443),
        ("mirror:3141", "mirror", 3141),
        ("10.1.2.3:80", "10.1.2.3", 80),
        ("[fd00::0:1]:8080", "fd00::1", 8080),
    ],
)
def test_a_destination_is_a_host_and_a_port(text, host, port):
    assert destination(text) == Destination(host=host, port=port)


@pytest.mark.parametrize(
    "text",
    [
        "", "PyPI.org", "pypi.org.", "*.pypi.org", "pypi.org:0", "pypi.org:65536", "pypi.org:",
        "a@pypi.org", "http://pypi.org", "pypi.org/simple", "pypi .org", "pypi\0.org", "127.1",
        "0x7f.1", "2130706433", "0177.0.0.1", "-a.org", "a..org", "ünicode.org", "fd00::1",
        "pypi.org\n",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_no_destination(text):
    with pytest.raises(ValueError, match=r"is no destination|there is no port"):
        destination(text)


def test_what_is_reached_is_what_both_files_name():
    found = rules(["a.org", "b.org", "c.org:80"], ["a.org", "c.org", "d.org"])
    assert found.refusal(destination("a.org")) is None
    assert "host file" in found.refusal(destination("b.org"))
    assert "host file" in found.refusal(destination("c.org:80"))
    assert found.refusal(destination("d.org")) == "it is not on the list"
    assert found.refusal(destination("a.org:80")) == "it is not on the list"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "255.255.255.255",
        "224.0.0.1", "203.0.113.7", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2001:0:a00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address):
    refused = rules(["a.org"], ["a.org"]).refusal_of_address(address, 443)
    assert "is no public address" in refused


@pytest.mark.parametrize(
    "address", ["151.101.0.223", "2a04:4e42::223", "::ffff:151.101.0.223", "64:ff9b::9765:df"]
)
def test_public_addresses_are_not(address):
    assert rules(["a.org"], ["a.org"]).refusal_of_address(address, 443) is None


@pytest.mark.parametrize("named", ["10.1.2.3:3141", "10.0.0.0/8:3141"])
def test_an_address_of_ones_own_is_reached_at_the_port_the_host_file_names(named):
    found = rules(["mirror:3141"], ["mirror:3141", named])
    assert found.refusal_of_address("10.1.2.3", 3141) is None
    assert found.refusal_of_address("10.1.2.3", 443) is not None
    assert found.refusal_of_address("127.0.0.1", 3141) is not None


def host(text):
    return read(b"schema: 1\ngit_dir: /r/.git\n" + text.encode(), Host)


def test_a_host_file_names_hosts_and_networks():
    found = host('egress: [pypi.org, "mirror:80", "10.0.0.0/8:3141", "[fd00::1]:80"]')
    assert found.egress == ("pypi.org:443", "mirror:80", "10.0.0.0/8:3141", "[fd00::1]:80")


@pytest.mark.parametrize("bad", ["10.0.0.0/8", "10.0.0.0/8:0", "10.0.0.1/8:1", "*", "0.0.0.0/0"])
def test_a_host_file_that_allows_what_cannot_be_told_is_refused(bad):
    assert "egress" in str(host(f'egress: ["{bad}"]'))


def test_a_host_file_puts_no_credentials_into_a_sandbox():
    said = str(host("env: {PIP_INDEX_URL: 'https://me:secret@mirror.example/simple'}"))
    assert "PIP_INDEX_URL" in said
    assert "secret" not in said


def test_an_empty_host_file_allows_nothing():
    with pytest.raises(ValidationError):
        Host.model_validate({"schema": 1})
    assert host("").egress == ()
