"""What the loop says of itself."""

from datetime import UTC, datetime, timedelta

from daemon.health import read_health, write_health
from daemon.standing import Standing

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_deed_that_takes_too_long_is_stale_and_health_is_red(tmp_path):
    standing = Standing(
        under_way={"H-1": "attempt 1", "H-2": "gates"},
        since={"H-1": NOW - timedelta(seconds=61), "H-2": NOW - timedelta(seconds=60)},
    )
    write_health(tmp_path, standing, at=NOW, epoch=1, stale_s=60)
    health = read_health(tmp_path)
    assert (health["stale"], health["health"]) == (["H-1"], "red")
    write_health(tmp_path, standing, at=NOW, epoch=1, stale_s=61)
    assert read_health(tmp_path)["health"] == "green"


def test_where_health_has_no_place_the_old_one_does_not_stand(tmp_path):
    write_health(tmp_path, Standing(), at=NOW, epoch=1)
    (tmp_path / "health.new").mkdir()  # writes there fail, as on a full disk
    (tmp_path / "health.new" / "x").touch()
    write_health(tmp_path, Standing(doubts=["short of room"]), at=NOW, epoch=1)
    assert read_health(tmp_path) is None
