"""Whom a TLS client greets: the server name in its first message, read by OpenSSL itself.

Without this a tunnel to one listed host could be used to talk to another that shares its address.
"""

import ssl


class Greeting:
    """Takes a client's bytes until it can be told what they are. Nothing is answered."""

    def __init__(self) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.sni_callback = self._named
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._reading = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.name: str | None = None
        """The server name, once `take` said that it is over; None: it named none."""
        self.is_tls = False

    def take(self, content: bytes) -> bool:
        """Take more of what the client says; tell whether its greeting is over."""
        self._incoming.write(content)
        try:
            self._reading.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            return True
        return True

    def _named(
        self, _reading: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> int:
        self.is_tls, self.name = True, name
        return int(ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE)
