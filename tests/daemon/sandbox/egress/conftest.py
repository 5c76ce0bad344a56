"""Servers on loopback, and a proxy in front of them that finds names as a test says."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daemon.sandbox.egress.proxy import Proxy
from policy.egress import rules
from policy.host import EgressLimits


class Server:
    """Answers each connection with *answer* after it has read something, and keeps what it read."""

    def __init__(self, answer, context=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer, self.context, self.read = answer, context, []
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                came, _ = self.listener.accept()
            except OSError:
                return
            with came, contextlib.suppress(OSError):
                came.settimeout(20)
                if self.context:
                    came = self.context.wrap_socket(came, server_side=True)
                self.read.append(came.recv(65536))
                came.sendall(self.answer)
                came.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for `listed.example` and `other.example`, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "listed.example")])
    now = datetime.now(UTC)
    names = [x509.DNSName("listed.example"), x509.DNSName("other.example")]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    crt, pem = folder / "tls.crt", folder / "tls.key"
    crt.write_bytes(made.public_bytes(Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return crt, pem


@pytest.fixture
def server():
    made = []

    def start(answer=b"HTTP/1.1 200 OK\r\n\r\nhello", *, tls=None):
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        made.append(Server(answer, context))
        return made[-1]

    yield start
    for each in made:
        each.close()


class Front:
    """A proxy, and how a client speaks to it."""

    def __init__(self, asked, allowed, names, limits, via):
        self.asked_of_dns = []
        self.names = names

        async def resolve(host, port):
            self.asked_of_dns.append(host)
            return self.names[host].pop(0) if self.names.get(host) else []

        self.proxy = Proxy(rules(asked, allowed), limits, resolve, via)
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = listener.getsockname()
        self.proxy.serve(listener)

    def connects(self):
        return socket.create_connection(self.address, timeout=20)

    def says(self, text):
        """Say one thing and return all that comes back."""
        with self.connects() as made:
            made.sendall(text.encode("latin-1"))
            return _all(made)

    def tunnels(self, to, *, greeting, certificate):
        """Open a tunnel and a TLS connection in it; return what the server there says."""
        with self.connects() as made:
            made.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            status = made.recv(4096)
            if b" 200 " not in status:
                return status
            context = ssl.create_default_context(cafile=certificate[0])
            with context.wrap_socket(made, server_hostname=greeting) as inside:
                inside.sendall(b"hello")
                return _all(inside)


def _all(made):
    content = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := made.recv(65536):
            content += chunk
    return content


@pytest.fixture
def front():
    made = []

    def start(asked, allowed, *, names=None, via=None, **limits):
        made.append(Front(asked, allowed, names or {}, EgressLimits(**limits), via))
        return made[-1]

    yield start
    for each in made:
        each.proxy.close()
