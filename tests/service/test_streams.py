"""A user has so many sockets and streams open, and others have theirs."""

from __future__ import annotations

import pytest

from tlray.service.auth.principal import OPEN, Principal
from tlray.service.auth.stream_limits import Streams
from tlray.service.http.problems import Refused

ADA, BOB = (Principal(user, frozenset({"read"})) for user in ("ada", "bob"))


def test_one_more_than_a_user_may_have_is_refused_until_one_is_closed() -> None:
    streams = Streams(most=2)
    with streams.one(ADA):
        with streams.one(ADA):
            with pytest.raises(Refused) as refused:
                streams.see(ADA)
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "5")
            streams.see(BOB)
        streams.see(ADA)
        with pytest.raises(RuntimeError), streams.one(ADA):
            raise RuntimeError
        streams.see(ADA)


def test_the_one_local_user_is_counted_like_any_other() -> None:
    streams = Streams(most=1)
    with streams.one(OPEN), pytest.raises(Refused):
        streams.see(OPEN)


def test_all_users_together_leave_room_for_requests() -> None:
    streams = Streams(most=2, most_of_all=3)
    with streams.one(ADA), streams.one(ADA), streams.one(BOB):
        with pytest.raises(Refused) as refused:
            streams.see(BOB)
        assert refused.value.status == 429
    streams.see(BOB)
