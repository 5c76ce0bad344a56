"""The proxy of one run: it accepts on a socket inside the sandbox's own network namespace.

The socket was made and bound there before the command started and handed out (launcher/enter.py),
so nothing of the daemon's is mounted into the sandbox, no process of ours runs in it, and a sandbox
without egress has no proxy to find. The proxy finds and connects hosts itself; the list is judged
by name, then what the name resolves to by address, and it is that address that is connected to.

One thread with one event loop a run; `close` ends it with all its connections.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from daemon.log import get_logger
from daemon.sandbox.egress.dial import (
    Connection,
    Dialler,
    Line,
    RefusedError,
    Resolve,
    is_address,
    resolve,
)
from daemon.sandbox.egress.greeting import Greeting
from daemon.sandbox.egress.request import END, Fetch, Tunnel, Unreadable, absolute, read_request
from policy.bus.result import Contact
from policy.egress import Destination, Rules
from policy.host import EgressLimits

_CHUNK = 64 * 1024
_log = get_logger()


@dataclass
class Proxy:
    """Serves one sandbox what *rules* list. Not started before `serve`."""

    rules: Rules
    limits: EgressLimits
    resolve: Resolve = resolve
    via: Destination | None = None
    """The host's own proxy, which is asked for every host then."""
    _lines: list[Line] = field(default_factory=list)
    _more: int = 0
    _left: int = 0
    _clients: set[asyncio.Task[None]] = field(default_factory=set)
    _transports: set[asyncio.WriteTransport] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def serve(self, listener: socket.socket) -> None:
        """Accept on *listener*, which is taken over, until `close`."""
        self._left = self.limits.bytes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(listener,), name="egress")
        self._thread.start()

    def close(self) -> tuple[Contact, ...]:
        """Close every connection and return what was asked for, in order."""
        if self._thread is not None and self._loop is not None:
            with suppress(RuntimeError):  # the loop ended by itself
                self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
            self._thread = None
        lines = [line.contact() for line in self._lines]
        if self._more:
            why = f"{self._more} more requests, refused: `egress_limits.lines` in the host file"
            lines.append(Contact(host="?", port=0, allowed=False, why=why))
        return tuple(lines)

    def _run(self, listener: socket.socket) -> None:
        if self._loop is None:
            raise ValueError("the proxy serves before it was told to")
        try:
            self._loop.run_until_complete(self._serve(listener))
        finally:
            self._loop.close()

    async def _serve(self, listener: socket.socket) -> None:
        header = self.limits.header_bytes
        server = await asyncio.start_server(self._accepted, sock=listener, limit=header)
        await self._over.wait()
        server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for transport in self._transports:
            transport.abort()
        await asyncio.sleep(0)  # they take leave in the next round

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._transports.add(writer.transport)
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        try:
            if len(self._lines) >= self.limits.lines:
                self._more += 1
                return
            line = Line()
            self._lines.append(line)
            await self._answer(line, reader, writer)
        finally:
            _drop(writer)

    async def _answer(
        self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await self._serve_one(line, reader, writer)
        except RefusedError as refused:
            line.allowed, line.why = False, str(refused)
            body = f"pawl: {line.host}:{line.port} is refused: {refused}\n"
            with suppress(OSError):
                writer.write(
                    f"HTTP/1.1 {refused.status}\r\nConnection: close\r\n"
                    f"Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError) as error:
            line.why = line.why or f"{type(error).__name__}: {error}".strip(": ")
        finally:
            said = {"host": line.host, "port": line.port, "address": line.address}
            _log.info("egress", verdict="ALLOW" if line.allowed else "DENY", why=line.why, **said)

    async def _serve_one(
        self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self._clients) > self.limits.connections:
            raise RefusedError("503 Busy", "too many connections at once")
        head = await self._head(reader)
        dialler = Dialler(self.rules, self.limits.connect_s, self.resolve, self.via)
        match read_request(head):
            case Unreadable(why=why, named=named):
                line.host = named
                raise RefusedError("400 Bad Request", why)
            case Tunnel(to=to):
                far, onward = await dialler.connect(line, to)
                self._transports.add(onward.transport)
                try:
                    if self.via is not None:
                        await self._tunnelled(line, to, far, onward)
                    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                    await self._greeted(line, to, reader, onward)
                    await self._both(line, (reader, writer), (far, onward))
                finally:
                    _drop(onward)
            case Fetch(to=to, head=again):
                far, onward = await dialler.connect(line, to)
                self._transports.add(onward.transport)
                try:
                    said = again if self.via is None else absolute(again, to)
                    self._spend(line, sent=len(said))
                    onward.write(said)
                    await onward.drain()
                    await self._pass(line, far, writer, answering=True)
                finally:
                    _drop(onward)

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await asyncio.wait_for(reader.readuntil(END), self.limits.connect_s)
        except asyncio.LimitOverrunError as error:
            raise RefusedError("431 Too Large", "the header is too large") from error
        except TimeoutError as error:
            raise RefusedError("408 Timeout", "no request came") from error

    async def _tunnelled(
        self,
        line: Line,
        to: Destination,
        far: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> None:
        """Have the host's own proxy make the tunnel."""
        onward.write(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
        await onward.drain()
        answer = await self._head(far)
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            said = answer.partition(b"\r\n")[0].decode("ascii", "backslashreplace")
            raise RefusedError("502 Bad Gateway", f"{line.address}, the host's proxy, says: {said}")

    async def _greeted(
        self,
        line: Line,
        to: Destination,
        reader: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> None:
        """Pass on the client's first message, if it greets *to* by TLS."""
        greeting, said = Greeting(), b""
        while len(said) < self.limits.header_bytes:
            chunk = await self._read(line, reader)
            said += chunk
            if not chunk or greeting.take(chunk):
                break
        expected = None if is_address(to.host) else to.host
        if not greeting.is_tls or greeting.name != expected:
            whom = greeting.name or ("nobody" if greeting.is_tls else "no TLS server")
            line.allowed, line.why = False, f"what came through the tunnel greets {whom}"
            raise ConnectionAbortedError
        self._spend(line, sent=len(said))
        onward.write(said)
        await onward.drain()

    async def _both(
        self,
        line: Line,
        near: Connection,
        far: Connection,
    ) -> None:
        async with asyncio.TaskGroup() as ways:
            ways.create_task(self._pass(line, near[0], far[1], answering=False))
            ways.create_task(self._pass(line, far[0], near[1], answering=True))

    async def _pass(
        self,
        line: Line,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        *,
        answering: bool,
    ) -> None:
        """Pass on what *source* says until it ends; whatever goes wrong ends both ways."""
        with suppress(OSError):
            while chunk := await self._read(line, source):
                size = len(chunk)
                self._spend(line, received=size) if answering else self._spend(line, sent=size)
                target.write(chunk)
                await target.drain()
            if target.can_write_eof():
                target.write_eof()
            return
        _drop(target)

    async def _read(self, line: Line, source: asyncio.StreamReader) -> bytes:
        """Wait for the next bytes as long as something passes the one way or the other."""
        loop = asyncio.get_running_loop()
        line.heard = loop.time()
        while True:
            try:
                left = line.heard + self.limits.idle_s - loop.time()
                chunk = await asyncio.wait_for(source.read(_CHUNK), max(left, 0.0))
            except TimeoutError:
                if loop.time() < line.heard + self.limits.idle_s:
                    continue
                raise
            line.heard = loop.time()
            return chunk

    def _spend(self, line: Line, *, sent: int = 0, received: int = 0) -> None:
        self._left -= sent + received
        if self._left < 0:
            line.why = f"more than {self.limits.bytes} bytes (`egress_limits.bytes`)"
            raise ConnectionAbortedError
        line.sent += sent
        line.received += received


def _drop(writer: asyncio.StreamWriter) -> None:
    """Close at once, whatever is left to be written after a last flush."""
    with suppress(RuntimeError):
        writer.close()
