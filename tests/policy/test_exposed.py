"""Figures are served on loopback only, and the port is named."""

import pytest
from pydantic import ValidationError

from policy.exposed import Exposed


@pytest.mark.parametrize("listen", ["127.0.0.1:9464", "127.9.9.9:1", "[::1]:9464"])
def test_loopback_is_allowed(listen):
    assert str(Exposed(listen=listen).place) == listen


@pytest.mark.parametrize(
    "listen",
    [
        "0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "192.168.1.2:80", "localhost:9464",
        "example.org:9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", ":9464", "",
        "[::ffff:10.0.0.1]:9464",
    ],
)  # fmt: skip
def test_anything_else_is_refused(listen):
    with pytest.raises(ValidationError):
        Exposed(listen=listen)
