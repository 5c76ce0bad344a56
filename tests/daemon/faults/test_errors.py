"""An error without effect, an effect whose answer is an error, a stop: at every point.

What the host is short of is waited for; any other error freezes, and the next start finds nothing
wrong. A stop is not an error and ends with 0.
"""

import errno
from itertools import cycle

import pytest

from tests.daemon.faults.lives import ALONE, distinct, every

VARIANTS = {
    "ENOSPC": lambda house, place: house.fails(place, errno.ENOSPC),
    "EIO": lambda house, place: house.fails(place, errno.EIO),
    "SIGTERM": lambda house, place: house.is_terminated(place),
}
# Each point has one of the variants in the quick form, every life all of them in the long one.
QUICK = [(*case, how) for case, how in zip(distinct([ALONE]), cycle(VARIANTS))]
LONG = [(*case, how) for case in every() for how in VARIANTS if (*case, how) not in QUICK]


def cases(rows):
    return [pytest.param(*row, id=f"{row[0]}-{row[1]}-{row[2]}") for row in rows]


@pytest.mark.parametrize(("life", "place", "how"), cases(QUICK))
def test_an_error_or_a_stop_at_any_point_is_made_good(alive, life, place, how):
    house = alive(life)
    assert VARIANTS[how](house, place) == 0
    house.lives()
    house.is_whole()


@pytest.mark.faults
@pytest.mark.parametrize(("life", "place", "how"), cases(LONG))
def test_an_error_or_a_stop_is_made_good_each_time_it_comes(alive, life, place, how):
    test_an_error_or_a_stop_at_any_point_is_made_good(alive, life, place, how)
