"""What the daemon of this host said last of the hub: a clone's own refs do not tell it."""

from daemon.cli.place import Place
from daemon.health import read_health
from daemon.outside import Outside


def hub_lines(place: Place) -> tuple[str, ...]:
    """Return how it stands with the hub, a line each; none where the host file names none."""
    if not isinstance(place.outside, Outside) or place.outside.host.remote is None:
        return ()
    url, row = place.outside.host.remote.url, _row(place.outside)
    denials = refused(place.outside).items()
    reached = row.get("reached_at")
    return (
        f"hub: {url}, {f'reached {reached}' if reached else 'not reached yet'}",
        *((f"hub: {row['why']}",) if row.get("why") else ()),
        *(f"hub: refused {what}: {why}" for what, why in denials),
    )


def refused(outside: Outside) -> dict[str, str]:
    """Return what the hub would not take of the daemon here, and in which words."""
    found = _row(outside).get("refused")
    return {str(what): str(why) for what, why in found.items()} if isinstance(found, dict) else {}


def offline(place: Place) -> str | None:
    """Return why nothing may be opened, as far as the hub goes; None without a hub."""
    if not isinstance(place.outside, Outside) or place.outside.host.remote is None:
        return None
    row = _row(place.outside)
    why = row.get("why")
    return str(why) if why else None if row else "no daemon here has reached it yet"


def _row(outside: Outside) -> dict[str, object]:
    row = (read_health(outside.state) or {}).get("hub")
    return row if isinstance(row, dict) else {}
