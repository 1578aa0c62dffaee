"""Start times and the recordings they count in: read where given, never invented."""

from __future__ import annotations

import pytest
from page_1001 import PLAYER, FakeRow, heading, the_set

TWO = PLAYER.format(n=1, source=13, item="video-one") + PLAYER.format(n=2, source=13, item="video-two")
SOUND = PLAYER.format(n=3, source=10, item="200300") + PLAYER.format(n=4, source=10, item="200400")


def cued(cue: str | None, seconds: str, **more: str) -> FakeRow:
    return FakeRow(cue=cue, seconds=seconds, **more)  # type: ignore[arg-type]


WITH = {"number": "w/", "classes": "tlpTog con"}
PART = {"number": "", "classes": "tlpSubTog con tgHid"}


@pytest.mark.parametrize(
    ("rows", "starts"),
    [
        # hidden seconds where the visible time is not empty
        ([cued("00:12", "12"), cued("1:18:22", "4702")], [12.0, 4702.0]),
        # an empty time is none, whatever is hidden; the script is not read
        ([cued("00:12", "12"), cued("", "0"), cued("", "99")], [12.0, None, None]),
        # the opening row is at 0 where others have times
        ([cued("", "0"), cued("02:00", "120")], [0.0, 120.0]),
        # no row has a time: none is made up
        ([cued("", "0"), cued("", "0")], [None, None]),
        # a w/ row has its own time, or none
        ([cued("10:00", "600"), cued("11:37", "697", **WITH), cued("", "0", **WITH)], [600.0, 697.0, None]),
        # a mashup part has none, not even its parent's
        ([cued("10:00", "600"), cued(None, "600", **PART)], [600.0, None]),
        # a time given as text only
        ([cued("0:07", ""), cued("1:00:00", "x")], [7.0, 3600.0]),
        # a page without .cue elements: hidden seconds that are not 0 count
        ([cued(None, "0"), cued(None, "145"), cued(None, "0")], [0.0, 145.0, None]),
        # a page without .cue elements and without times
        ([cued(None, "0"), cued(None, "0")], [None, None]),
        # nonsense is no time
        ([cued("soon", "many"), cued("05:00", "300"), cued("later", "²")], [0.0, 300.0, None]),
    ],
)
def test_a_start_is_read_where_the_page_gives_one(rows: list[FakeRow], starts: list[float | None]) -> None:
    found = the_set(*rows)
    assert [t.cue_s for t in found.tracks] == starts
    assert found.cued_count == sum(s is not None for s in starts)
    assert [t.cue_precision for t in found.tracks] == ["unknown" if s is None else "second" for s in starts]
    assert [t.cue_text for t in found.tracks] == [row.cue or None for row in rows]
    assert found.media_type == "text/html"


def test_times_restart_under_each_player_and_other_headings_change_nothing() -> None:
    found = the_set(
        *(heading("Player 2"), cued("", "0"), cued("02:25", "145")),
        *(heading("Player 1"), cued("", "0"), cued("00:01", "1")),
        *(heading("Oto on stage"), cued("03:17", "197")),
        players=TWO,
    )
    assert found.recordings == ["video-one", "video-two"]
    assert [(t.recording, t.cue_s, t.section) for t in found.tracks] == [
        (2, 0.0, "Player 2"),
        (2, 145.0, "Player 2"),
        (1, None, "Player 1"),  # what opens the second recording is not the opening row of the set
        (1, 1.0, "Player 1"),
        (1, 197.0, "Oto on stage"),
    ]


def test_without_headings_the_rows_count_in_the_player_that_their_buttons_name() -> None:
    found = the_set(
        *(cued("", "0", play=""), cued("02:00", "120", play="video-two"), cued("", "0", play="")), players=TWO
    )
    assert [t.recording for t in found.tracks] == [2, 2, 2]


@pytest.mark.parametrize(
    ("players", "recordings", "number"),
    [
        (TWO, ["video-one", "video-two"], 1),
        # YouTube's are the players that headings count, wherever it stands
        (SOUND + TWO, ["video-one", "video-two"], 1),
        # without YouTube: the first source that has any
        (PLAYER.format(n=9, source=16, item="").replace("mediaItem", "") + SOUND, ["200300", "200400"], 1),
        # a player's script alone
        ('<script>ytPlayer.idPlayer = "vid_x-1"; ytPlayer.duration = "61";</script>', ["vid_x-1"], 1),
        ("", [], None),
    ],
)
def test_recordings_come_in_the_order_of_the_players(
    players: str, recordings: list[str], number: int | None
) -> None:
    found = the_set(cued("00:01", "1"), players=players)
    assert (found.recordings, found.tracks[0].recording) == (recordings, number)
