"""A receiver on loopback that keeps what it is sent, and answers as it is told to."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}\n"


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    def is_signed(self, key: bytes = KEY) -> bool:
        """Verify as a receiver does, by the words of the specification."""
        said = self.headers
        signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + self.body
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{made}" in said["webhook-signature"].split(" ")


@dataclass
class Receiver:
    url: str
    posts: list[Post] = field(default_factory=list)
    heard: int = 0
    """How many have come, answered or not."""
    status: int = 204
    moved_to: str | None = None
    held: threading.Event | None = None
    """While it is there and not set, nobody is answered."""
    drips: bool = False
    """Whether an answer comes a byte at a time, and never ends, until `held` is set."""

    def waits_for(self, so: Callable[["Receiver"], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not so(self):
            assert time.monotonic() < deadline, [post.json for post in self.posts]
            threading.Event().wait(0.01)

    @property
    def events(self) -> list[str]:
        return [post.json["event"] for post in self.posts]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            size = int(self.headers["Content-Length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(size)
            got.heard += 1
            while got.drips and not got.held.wait(0.2):
                self.wfile.write(b"H")
            if got.held is not None:
                got.held.wait(60)
            got.posts.append(Post(self.path, headers, body))
            self.send_response(got.status)
            if got.moved_to is not None:
                self.send_header("Location", got.moved_to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    got = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield got
    if got.held is not None:
        got.held.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a key, as an operator makes it."""
    path = tmp_path / "hook"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path
