"""`pawl doctor --tell NAME`: one word to somebody of the host file's `notify`, to see it arrive."""

import uuid
from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import open_place, trusted_outside
from daemon.clock import SystemClock, rfc3339
from daemon.notifying.sending import NotSent, send
from policy.notifying.notice import Notice
from policy.notifying.rules import Event


def tell(start: Path, name: str, *, as_json: bool) -> Exit:
    place = open_place(start)
    outside = trusted_outside(place, "tell somebody of")
    destination = outside.host.notify.get(name)
    if destination is None:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="tell",
            on=name,
            why=f"`notify` of {outside.config / 'host.yaml'} has no such name",
            then=f"There are: {', '.join(sorted(outside.host.notify)) or 'none'}.",
        )
    notice = Notice(
        id=uuid.uuid4().hex,
        event=Event.TRIED,
        priority="info",
        repo=outside.name,
        mission=None,
        title="only to see whether this arrives",
        why="somebody ran `pawl doctor --tell`; nothing has happened",
        next="",
        at=rfc3339(SystemClock().now()),
    )
    timeout_s = outside.host.notify_limits.timeout_s
    answer = send(destination, notice, timeout_s=timeout_s, credentials=outside.credentials)
    why = answer.why if isinstance(answer, NotSent) else None
    if as_json:
        output.dump({"schema": 1, "to": name, "sent": why is None, "why": why})
    else:
        output.say(f"{name}: {'it has it' if why is None else f'not sent: {why}'}")
    return Exit.OK if why is None else Exit.ENVIRONMENT
