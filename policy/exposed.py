"""Where figures are served for machines: `metrics` in the host file. Loopback addresses only.

Whoever wants them elsewhere puts a proxy in front that asks who is there; nothing here does.
"""

from ipaddress import ip_address

from pydantic import field_validator

from policy.egress import Destination, destination
from policy.value import Value


class Exposed(Value):
    listen: str
    """`127.0.0.1:9464`, `[::1]:9464`: Prometheus text is served there."""

    @property
    def place(self) -> Destination:
        return destination(self.listen, port=None)

    @field_validator("listen")
    @classmethod
    def _is_loopback(cls, listen: str) -> str:
        host = destination(listen, port=None).host
        try:
            inside = ip_address(host).is_loopback
        except ValueError:
            inside = False
        if not inside:
            raise ValueError(
                f"{host} is no loopback address, and nobody is asked who they are: write "
                "127.0.0.1:PORT or [::1]:PORT, and put a proxy in front"
            )
        return listen
