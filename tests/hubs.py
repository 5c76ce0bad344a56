"""Hubs for tests: a bare repository behind real servers on loopback, brought up by the test.

`Sshd` is OpenSSH's own server as a process of its own, `Http` is `git http-backend` behind a CGI of
ours, and `Gate` is a port in front of either that can be shut: a network that is gone.
"""

import base64
import http.server
import os
import pwd
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

BACKEND = "/usr/lib/git-core/git-http-backend"
USER, PASSWORD = "pawl", "open: sesame"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    """An sshd on loopback that lets one key in, as the user who runs the tests."""

    def __init__(self, folder: Path):
        folder.mkdir()
        folder.chmod(0o755)
        self.folder, self.port = folder, free_port()
        for name in ("host", "key"):
            argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name]
            subprocess.run(argv, check=True)
        (folder / "authorized").write_text((folder / "key.pub").read_text())
        self.known(self.port)
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n"
            "PermitRootLogin prohibit-password\nMaxStartups 100\nLogLevel ERROR\nUseDNS no\n"
            "KexAlgorithms curve25519-sha256\n"  # the quickest: dozens of connections a test
            "SetEnv SHLVL=1\n"  # else bash reads the ~/.bashrc of whoever runs the tests, each time
        )
        self.process = None
        self.starts()

    def known(self, port):
        kind, blob = (self.folder / "host.pub").read_text().split()[:2]
        with (self.folder / "known").open("a") as file:
            file.write(f"[127.0.0.1]:{port} {kind} {blob}\n")

    def starts(self):
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        assert sshd, "there is no sshd: setup/packages.sh installs openssh-server"
        self.log = (self.folder / "log").open("ab")
        # it ends with the tests, however they end
        with_us = ["setpriv", "--pdeathsig", "KILL"]
        argv = [*with_us, sshd, "-D", "-e", "-f", self.folder / "config"]
        self.process = subprocess.Popen(argv, stderr=self.log, stdin=subprocess.DEVNULL)
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self.process.poll() is not None:
                break
            threading.Event().wait(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stops(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def url(self, path, port=None):
        user = pwd.getpwuid(os.geteuid()).pw_name
        return f"ssh://{user}@127.0.0.1:{port or self.port}{path}"

    def keys(self, path, port=None):
        """Return what the host file says of a hub at *path*."""
        return {
            "url": self.url(path, port),
            "ssh_key": str(self.folder / "key"),
            "known_hosts": str(self.folder / "known"),
        }


class Gate:
    """A port that leads to another one, until it is shut."""

    def __init__(self, port):
        self._to, self._pairs, self._open = port, set(), True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accepts, daemon=True).start()

    def shuts(self):
        """Drop every connection, and each new one at once."""
        self._open = False
        for one in list(self._pairs):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def opens(self):
        self._open = True

    def ends(self):
        self.shuts()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accepts(self):
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                here.close()
                continue
            threading.Thread(target=self._leads, args=(here,), daemon=True).start()

    def _leads(self, here):
        try:
            there = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            here.close()
            return
        self._pairs |= {here, there}
        back = threading.Thread(target=self._pours, args=(there, here), daemon=True)
        back.start()
        self._pours(here, there)
        back.join()
        self._pairs -= {here, there}
        here.close()
        there.close()

    def _pours(self, source, sink):
        with suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
        for one, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with suppress(OSError):
                one.shutdown(how)


class Http:
    """`git http-backend` on loopback, for whoever knows the password."""

    def __init__(self, root: Path):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Cgi)
        self._server.root = root
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def stops(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Cgi(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def _serves(self):
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="hub"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "REMOTE_USER": USER,
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        body = self._body()
        done = subprocess.run(
            [BACKEND], env={**env, "CONTENT_LENGTH": str(len(body))}, input=body,
            capture_output=True, check=False,
        )  # fmt: skip
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    do_GET = do_POST = _serves  # noqa: N815  # the library's names
