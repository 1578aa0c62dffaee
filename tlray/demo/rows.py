"""The rows of an invented set, and their starts.

Everything that a real page can show is here, in shares near the real ones (616 rows of saved pages):
w/ rows, mashups and their parts, unknown tracks, several labels, gaps in the numbering, empty cues.
"""

from __future__ import annotations

import unicodedata
from random import Random

from tlray.demo import names
from tlray.demo.names import page_id, seeded
from tlray.demo.sets import NAME_COLUMN, Credit, DemoSet, Label, Recording, Row, SetHead, whole_name

_MEDIA_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_NOTES = ("identical", "suggested-cue", "suggested-track", "incomplete")


def make_set(seed: int, i: int, head: SetHead) -> DemoSet:
    """Invent set ``i`` of ``seed`` whole; ``head`` is what `make_head` gave for it."""
    rng = seeded("rows", seed, i)
    rows = _Rows(rng, head).build()
    shape = head.shape
    n_recordings = {"two-players": 2, "no-player": 0, "uncued": rng.randrange(2)}.get(shape, 1)
    last = max((row.cue_s or 0 for row in rows), default=0)
    recordings = [
        Recording(
            media_id="".join(rng.choices(_MEDIA_DIGITS, k=11)),
            duration_s=max(last, 1500) + rng.randrange(60, 300),
        )
        for _ in range(n_recordings)
    ]
    others = []
    if recordings and rng.random() < 0.3:  # also elsewhere; or, of a radio show, only on SoundCloud
        if len(recordings) == 1 and not head.is_live:
            recordings[0].media_id, recordings[0].source = str(rng.randrange(10**9, 2 * 10**9)), 10
        else:
            number = str(rng.randrange(10**9, 2 * 10**9))
            others.append(Recording(media_id=number, duration_s=recordings[0].duration_s - 18, source=2))
    return DemoSet(
        head=head, numeric_id=200_000 + i, recordings=recordings, others=others, rows=rows,
        duration_s=recordings[0].duration_s if recordings else None,
        n_positions=rows[-1].trno + 1,
    )  # fmt: skip


class _Rows:
    """Builds the rows of one set, first to last."""

    def __init__(self, rng: Random, head: SetHead) -> None:
        self.rng = rng
        self.shape = head.shape
        self.djs = head.djs
        self.rows: list[Row] = []
        self.trno = 0
        self.clock = 0
        self.player = 1
        self.has_long_name = False
        self.first_id = rng.randrange(5_000_000, 14_000_000)

    def build(self) -> list[Row]:
        """Build them all."""
        rng = self.rng
        wanted = {"giant": 130, "small": 12}.get(self.shape) or 14 + min(100, int(rng.gammavariate(3.0, 6.0)))
        headings = self._headings(wanted)
        number = 0
        while len(self.rows) < wanted:
            number += 1
            self._position(number, headings.pop(number, None), wanted - len(self.rows))
        self._empty_cues()
        return self.rows

    def _headings(self, wanted: int) -> dict[int, str]:
        """Before which positions a heading stands."""
        if self.shape == "two-players":
            third = max(2, wanted // 5)
            return {1: "Player 2", 1 + third: "Player 1", 1 + 2 * third: "Player 2"}
        if self.shape == "guest-mix" or self.rng.random() < 0.1:
            return {self.rng.randint(2, max(2, wanted // 3)): self.rng.choice(names.HEADINGS)}
        if len(self.djs) > 1 and self.rng.random() < 0.6:
            return {
                1: f"{self.djs[0]} played:",
                self.rng.randint(3, max(3, wanted // 2)): f"{self.djs[1]} played:",
            }
        return {}

    def _position(self, number: int, heading: str | None, room: int) -> None:
        """Add a main row, and what belongs to it."""
        rng = self.rng
        if heading and heading.startswith("Player"):
            self.player = int(heading.removeprefix("Player "))
            self.clock = rng.randrange(0, 60)  # times restart with the recording
        is_mashup = room >= 4 and self.shape not in ("giant", "unknowns") and rng.random() < 0.07
        main = self._row("main", number, is_mashup)
        main.heading = heading
        if number == 1 and not heading and rng.random() < 0.15:
            main.notes = ["incomplete"]
        elif rng.random() < 0.03:
            main.notes = [rng.choice(_NOTES)]
        main.cue_s = self.clock
        if is_mashup:
            main.n_parts = rng.choice((2, 2, 3))
            if rng.random() < 0.9:  # now and then a mashup has no part rows
                for _ in range(main.n_parts):
                    self._row("mashup_part", number)
        if room > 1 and self.shape != "giant" and rng.random() < 0.12:
            with_row = self._row("with", number)
            with_row.cue_s = rng.choice((None, self.clock, self.clock + rng.randrange(1, 90)))
        self.clock += rng.randrange(50, 280) if self.shape != "giant" else rng.randrange(60, 120)
        if rng.random() < 0.05:
            self.trno += 1  # a position that is not on the page

    def _row(self, kind: str, number: int, is_mashup: bool = False) -> Row:
        rng = self.rng
        row = Row(
            kind=kind,
            number=number,
            trno=self.trno,
            position_id=self.first_id + self.trno,
            player=self.player,
            identity=self._identity(kind, is_mashup),
        )
        self.trno += 1
        self.rows.append(row)
        if row.identity == "id":
            return row
        row.credit = self._credit(row.identity, kind, is_mashup)
        if row.identity == "id_remix":
            row.qualifiers.append("(ID Remix)")
        elif rng.random() < 0.06:
            row.qualifiers.append(rng.choice(names.EDITS))
        in_database = row.identity == "id_remix" or (
            row.identity == "identified" and (kind == "mashup_part" or rng.random() < 0.92)
        )
        if in_database:
            row.track_id = page_id(rng)
            row.media_id = rng.randrange(5_000, 1_200_000)
            row.duration_s = rng.randrange(120, 540) if rng.random() < 0.85 else None
            row.genres = names.some(rng, names.GENRES, 2) if rng.random() < 0.7 else []
            row.labels = (
                [] if rng.random() < 0.15 else [self._label() for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            )
            if not is_mashup and rng.random() < 0.9:
                art = "-".join(f"{rng.getrandbits(bits):0{bits // 4}x}" for bits in (32, 16, 16, 16, 48))
                row.artwork_url = f"https://geo-media.demo.invalid/image_size/300x300/{art}.jpg"
        return row

    def _identity(self, kind: str, is_mashup: bool) -> str:
        if is_mashup or kind == "mashup_part":
            return "identified"
        draw = self.rng.random()
        many = self.shape == "unknowns"
        for identity, share in (
            ("id", 0.3 if many else 0.03),
            ("id_title", 0.2 if many else 0.03),
            ("id_remix", 0.15 if many else 0.02),
        ):
            if draw < share:
                return identity
            draw -= share
        return "identified"

    def _credit(self, identity: str, kind: str, is_mashup: bool) -> Credit:
        rng = self.rng
        if is_mashup:
            return self._mashup()
        artist, title = names.artist(rng), names.title(rng)
        if self.shape == "awkward":
            artist, title = rng.choice(names.AWKWARD_ARTISTS), rng.choice(names.AWKWARD_TITLES)
        artists = [artist] + [names.artist(rng) for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2)))]
        credit = Credit(
            artists=artists, joiners=[rng.choice((" & ", " & ", " x ")) for _ in artists[1:]], title=title
        )
        if rng.random() < 0.18:
            credit.featuring = [names.artist(rng) for _ in range(rng.choice((1, 1, 2)))]
        if identity == "id_title":
            credit.title = "ID"
        elif rng.random() < 0.35:
            credit.mix = rng.choice(names.REMIXES)
            credit.remixer = names.artist(rng)
        elif rng.random() < 0.2:
            credit.mix = rng.choice(names.MIXES)
        if rng.random() < 0.02:
            credit.co_producer = names.artist(rng)
        if len(artists) == 1 and rng.random() < 0.02:
            credit.country = rng.choice(("DE", "US", "UK"))
        if self.shape == "long-name" and self._may_be_long(kind, identity):
            self._lengthen(credit)
        return credit

    def _mashup(self) -> Credit:
        rng = self.rng
        artists = [names.artist(rng) for _ in range(rng.choice((2, 2, 3)))]
        titles = " vs. ".join(names.title(rng) for _ in artists)
        return Credit(
            artists=artists,
            joiners=[" vs. "] * (len(artists) - 1),
            title=titles,
            remixer=names.artist(rng),
            mix="Mashup",
        )

    def _may_be_long(self, kind: str, identity: str) -> bool:
        return kind == "main" and identity == "identified" and len(self.rows) >= 5 and not self.has_long_name

    def _lengthen(self, credit: Credit) -> None:
        """Return it more artists than the 255 characters of the site's name column hold."""
        self.has_long_name = True
        while len(" vs. ".join(credit.artists)) < 250:
            credit.artists.append(names.artist(self.rng))
        credit.joiners = [" vs. "] * (len(credit.artists) - 1)
        credit.country = credit.co_producer = None
        credit.title = unicodedata.normalize("NFC", credit.title)
        while whole_name(credit)[-NAME_COLUMN].isspace():
            credit.artists[-1] += "s"

    def _label(self) -> Label:
        short, full = names.label(self.rng)
        parent = None
        if self.rng.random() < 0.25:
            above, above_full = names.label(self.rng)
            parent = Label(short=above, full=above_full, page=page_id(self.rng))
        return Label(short=short, full=full, page=page_id(self.rng), parent=parent)

    def _empty_cues(self) -> None:
        """Take away the cues that the page does not give."""
        rng = self.rng
        for place, row in enumerate(self.rows):
            if self.shape == "uncued" or (place and rng.random() < 0.03):
                row.cue_s = None
        if self.shape in ("opening", "giant") or (self.shape == "plain" and rng.random() < 0.3):
            self.rows[0].cue_s = None
