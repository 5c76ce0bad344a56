"""Prometheus text on loopback: a thread that shows what the main loop has put there last.

It never touches the repository. A port that is taken stops nothing: it is said, and tried again.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from daemon.log import get_logger
from policy.exposed import Exposed
from policy.pages.series import Snapshot, series

if TYPE_CHECKING:
    from prometheus_client import Metric

_log = get_logger()


class Exposition:
    """Every method is called by the main thread, `collect` by the server's threads."""

    def __init__(self, exposed: Exposed) -> None:
        self._place = exposed.place
        self._snapshot: Snapshot | None = None
        self._end: Callable[[], None] | None = None
        self.why: str | None = None
        """Why nothing is served now."""

    def show(self, snapshot: Snapshot) -> None:
        """Serve *snapshot* from now on."""
        self._snapshot = snapshot
        if self._end is None:
            self._listen()

    def close(self) -> None:
        if self._end is not None:
            self._end()
            self._end = None

    def collect(self) -> "Iterator[Metric]":
        """Yield what is shown, as the library asks for it."""
        from prometheus_client import Metric  # noqa: PLC0415  # only who serves them pays for it

        for one in series(self._snapshot) if self._snapshot is not None else ():
            metric = Metric(one.name, one.help, one.kind)
            for suffix, labels, value in one.samples:
                metric.add_sample(f"{one.name}{suffix}", dict(labels), value)
            yield metric

    def _listen(self) -> None:
        from prometheus_client import start_http_server  # noqa: PLC0415  # as above

        try:
            server, thread = start_http_server(self._place.port, self._place.host, self)
        except OSError as error:
            why = f"cannot serve metrics at {self._place}: {error.strerror or error}"
            if why != self.why:
                _log.warning("metrics are not served; tried again", why=why)
            self.why = why
            return

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        self._end, self.why = end, None
