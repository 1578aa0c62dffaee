"""A user has so many sockets and streams open, and others have theirs."""

from __future__ import annotations

import pytest

from tlray.service.auth.principal import OPEN, Principal
from tlray.service.auth.stream_limits import StreamLimits
from tlray.service.http.problems import ProblemError

ADA, BOB = (Principal(user, frozenset({"read"})) for user in ("ada", "bob"))


def test_one_more_than_a_user_may_have_is_refused_until_one_is_closed() -> None:
    streams = StreamLimits(most=2)
    with streams.counted(ADA):
        with streams.counted(ADA):
            with pytest.raises(ProblemError) as refused:
                streams.require_room(ADA)
            assert (refused.value.status_code, refused.value.headers["Retry-After"]) == (429, "5")
            streams.require_room(BOB)
        streams.require_room(ADA)
        with pytest.raises(RuntimeError), streams.counted(ADA):
            raise RuntimeError
        streams.require_room(ADA)


def test_the_one_local_user_is_counted_like_any_other() -> None:
    streams = StreamLimits(most=1)
    with streams.counted(OPEN), pytest.raises(ProblemError):
        streams.require_room(OPEN)


def test_all_users_together_leave_room_for_requests() -> None:
    streams = StreamLimits(most=2, most_of_all=3)
    with streams.counted(ADA), streams.counted(ADA), streams.counted(BOB):
        with pytest.raises(ProblemError) as refused:
            streams.require_room(BOB)
        assert refused.value.status_code == 429
    streams.require_room(BOB)
