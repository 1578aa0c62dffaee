# ruff: noqa: N818 - an error is named for what is wrong: HomeInUse, StorageFull
"""Every error that tlray raises on purpose, and the exit code that each one ends a command with.

::

    TlrayError                     1   a bug, if it is raised as itself
    ├── InvariantBroken            1   a bug: an invariant does not hold
    ├── UsageError                 2   wrong usage or configuration: says what, where, how to correct it
    │   ├── BadOption                  an invalid option of a batch; says its keys
    │   ├── HomeUnusable               the home cannot be made, read or written
    │   ├── StorageUnusable            the storage of the results is not there, or refuses us
    │   ├── HomeInUse                  another coordinator, that cannot be joined, has the home
    │   ├── JournalUnusable            the journal's database refuses, or is none that tlray can use
    │   ├── NoSuchBatch                no batch of that id in that home
    │   ├── NoSuchItem                 a batch has no item of that id
    │   ├── ListTooLong                a list has more items than may be open at once
    │   ├── OtherVersion               the coordinator runs another version of tlray
    │   ├── OtherSettings              the coordinator runs with other settings, which all batches share
    │   ├── Conflict                   the request does not fit the present state
    │   ├── ServiceRefuses             a running service refuses the request
    │   └── BrokerRefuses              a message broker refuses the login, the virtual host or the queue
    └── CannotFinish               4   correct usage, but something is in the way
        ├── StorageFull                the disk is full
        ├── StorageUnavailable         the storage of the results does not answer, or refuses a request
        ├── JournalLost                the journal's database cannot be reached
        ├── BacklogFull                too many items are open for more
        ├── RayUnavailable             no Ray cluster can be started or reached
        ├── RayLost                    the Ray that the work ran on has died
        ├── CoordinatorLost            the coordinator stopped answering
        ├── CoordinatorEnding          the coordinator is shutting down
        ├── CoordinatorEnded           the coordinator was ended by an operator
        ├── ServiceUnavailable         the service is not there, or is not able to
        ├── BrokerUnavailable          the message broker is not there, or does not answer
        └── Interrupted            130 the user stopped it

An expected failure of a page (a 404, a timeout, a block) is no error: it is an
`Outcome`, see ``core/model/outcome.py``. Arguments go unchanged to ``super().__init__`` and the
message is made in ``__str__``, so that every error survives the pickling between Ray actors.
"""

from __future__ import annotations


class TlrayError(Exception):
    """The base class of all errors."""

    exit_code = 1


class InvariantBroken(TlrayError):
    """A bug: an invariant of the counts or the leases does not hold."""

    def __str__(self) -> str:
        return f"{self.args[0]}; this is a bug of tlray"


def check_invariant(claim: bool, story: str, *about: object) -> None:
    """Raise `InvariantBroken` unless the claim holds; ``about`` fills the ``{}`` of the story."""
    if not claim:
        raise InvariantBroken(story.format(*about))


def _spelt(n: object) -> str:
    return f"{n:,}" if isinstance(n, int) else str(n)


class UsageError(TlrayError):
    """Wrong usage or configuration; the message says what, where and how to correct it."""

    exit_code = 2


class BadOption(UsageError):
    """An invalid option of a batch; ``keys`` lead to it from the options: ``rates``, ``example.org``."""

    def __init__(self, story: str, *keys: str) -> None:
        super().__init__(story, *keys)

    @property
    def keys(self) -> tuple[str, ...]:
        """Its place."""
        return tuple(self.args[1:])

    def __str__(self) -> str:
        return str(self.args[0])


class HomeUnusable(UsageError):
    """The home cannot be made, read or written."""

    def __init__(self, home: str, reason: str) -> None:
        super().__init__(home, reason)

    def __str__(self) -> str:
        home, reason = self.args
        return f"home {home} cannot be used: {reason}; choose another with --home DIR or TLRAY_HOME"


class StorageUnusable(UsageError):
    """The storage of the results is not there, or refuses us; ``reason`` says how to correct it."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(uri, reason)

    def __str__(self) -> str:
        return f"storage {self.args[0]} cannot be used: {self.args[1]}"


class HomeInUse(UsageError):
    """Another coordinator, that cannot be joined from here, has the home."""

    def __init__(self, home: str, holder: str) -> None:
        super().__init__(home, holder)

    def __str__(self) -> str:
        home, holder = self.args
        hint = "wait for it, join its cluster with RAY_ADDRESS, or use another --home"
        return f"home {home} is in use by {holder}; {hint}"


class JournalUnusable(UsageError):
    """The database of ``TLRAY_JOURNAL`` refuses, or is none that tlray can use; ``database`` is its URL without the password."""

    def __init__(self, database: str, reason: str) -> None:
        super().__init__(database, reason)

    def __str__(self) -> str:
        database, reason = self.args
        return f"the journal {database} cannot be used: {reason}; check TLRAY_JOURNAL"


class OtherVersion(UsageError):
    """The coordinator of a home runs another version of tlray, and is not replaced."""

    def __init__(self, home: str, theirs: str, ours: str, is_older: bool) -> None:
        super().__init__(home, theirs, ours, is_older)

    def __str__(self) -> str:
        home, theirs, ours, is_older = self.args
        which = "an older tlray" if is_older else "a newer tlray"
        reason = "batches are under way in it" if is_older else f"use {theirs} here, too"
        return (
            f"the coordinator of {home} runs {which} ({theirs}; this is {ours}), and {reason};"
            f" `tlray stop --drain --home {home}` ends it and keeps everything, then try again"
        )


class OtherSettings(UsageError):
    """The coordinator of a home runs with other settings than the requested ones; all its batches share them."""

    def __init__(self, home: str, requested: str, runs: str) -> None:
        super().__init__(home, requested, runs)

    def __str__(self) -> str:
        home, requested, runs = self.args
        return (
            f"{requested} is not possible: the coordinator of {home} runs with {runs}, which all batches of a home share;"
            f" leave it out, or end the coordinator with `tlray stop --drain --home {home}` and try again"
        )


class NoSuchBatch(UsageError):
    """No batch of that id in that home."""

    def __init__(self, batch_id: str, home: str) -> None:
        super().__init__(batch_id, home)

    def __str__(self) -> str:
        batch_id, home = self.args
        return f"no batch {batch_id!r} in {home}; `tlray list --home {home}` shows those that are there"


class NoSuchItem(UsageError):
    """A batch has no items of those ids; the message names the first of them."""

    def __init__(self, batch_id: str, item_ids: tuple[int, ...]) -> None:
        super().__init__(batch_id, item_ids)

    def __str__(self) -> str:
        batch_id, item_ids = self.args
        shown = ", ".join(map(str, item_ids[:5])) + (", …" if len(item_ids) > 5 else "")
        return f"batch {batch_id} has no item {shown}; nothing is queued again"


class ListTooLong(UsageError):
    """A list has more items than may ever be open at once: ``setting`` is ``bound``."""

    def __init__(self, bound: int, setting: str) -> None:
        super().__init__(bound, setting)

    def __str__(self) -> str:
        bound, setting = self.args
        reason = (
            f"the list has more than {_spelt(bound)} items, the most that may be open at once ({setting})"
        )
        return f"{reason}; split it, or raise the limit"


class Conflict(UsageError):
    """The request does not fit the present state: two actions at once, or one that comes too late."""


class ServiceRefuses(UsageError):
    """A service refuses a request, or is not a tlray service."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class BrokerRefuses(UsageError):
    """A message broker refuses a login, a virtual host or a queue; ``address`` is without the password."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class CannotFinish(TlrayError):
    """Correct usage, but something is in the way; finished work stays."""

    exit_code = 4


class StorageFull(CannotFinish):
    """The disk that holds the home, or takes an export, is full."""

    def __init__(self, home: str) -> None:
        super().__init__(home)

    def __str__(self) -> str:
        return f"the disk of {self.args[0]} is full; make room and go on with the same command, a batch with --resume BATCH_ID"


class StorageUnavailable(CannotFinish):
    """The storage of the results does not answer, or refuses a request. ``is_refusal``: trying again does not help."""

    def __init__(self, uri: str, reason: str, is_refusal: bool = False) -> None:
        super().__init__(uri, reason, is_refusal)

    @property
    def is_refusal(self) -> bool:
        """True if somebody must correct something first."""
        return bool(self.args[2])

    def __str__(self) -> str:
        uri, reason, _ = self.args
        return (
            f"storage {uri} cannot be used: {reason}; what is stored stays, and a batch under way goes on with"
            " `tlray scrape --resume BATCH_ID`"
        )


class JournalLost(CannotFinish):
    """The database of ``TLRAY_JOURNAL`` cannot be reached; ``database`` is its URL without the password."""

    def __init__(self, database: str, reason: str) -> None:
        super().__init__(database, reason)

    def __str__(self) -> str:
        database, reason = self.args
        return (
            f"the journal {database} cannot be reached: {reason}; what was saved is safe in it: start the server,"
            " or correct TLRAY_JOURNAL, and try again"
        )


class BacklogFull(CannotFinish):
    """Too many items are open for more."""

    def __init__(
        self, bound: int, setting: str, n_open: int, retry_after_s: int | None, can_wait: bool
    ) -> None:
        super().__init__(bound, setting, n_open, retry_after_s, can_wait)

    @property
    def retry_after_s(self) -> int | None:
        """Seconds until there may be room; None: unknown."""
        found: int | None = self.args[3]
        return found

    @property
    def can_wait(self) -> bool:
        """True if there will be room without an action."""
        return bool(self.args[4])

    def __str__(self) -> str:
        bound, setting, n_open, retry_after_s, can_wait = self.args
        if retry_after_s is not None:
            hint = f"there may be room in {retry_after_s} s"
        elif can_wait:
            hint = "there will be room when some of them are finished"
        else:
            hint = "all of them are paused: resume or cancel batches"
        return f"{_spelt(n_open)} items are open, at most {_spelt(bound)} may be ({setting}); {hint}, or raise the limit"


class RayUnavailable(CannotFinish):
    """No Ray cluster can be started or reached."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)

    def __str__(self) -> str:
        address, reason = self.args
        hint = "start one with `ray start --head`, or unset RAY_ADDRESS to use this machine's own"
        return f"no Ray at {address}: {reason}; {hint}"


class RayLost(CannotFinish):
    """The Ray of the work has died. ``go_on`` says how to go on; "" if the batch's id is not known here."""

    def __init__(self, what: str, go_on: str) -> None:
        super().__init__(what, go_on)

    def __str__(self) -> str:
        what, go_on = self.args
        go_on = go_on or "go on with `tlray scrape --resume BATCH_ID`"
        return f"Ray is gone: {what}; all finished work is saved; {go_on}"


class CoordinatorLost(CannotFinish):
    """The coordinator stopped answering."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)

    def __str__(self) -> str:
        return (
            f"the coordinator stopped answering ({self.args[0]}); go on with `tlray scrape --resume BATCH_ID`"
        )


class CoordinatorEnding(CannotFinish):
    """The coordinator is shutting down."""

    def __init__(self, home: str) -> None:
        super().__init__(home)

    def __str__(self) -> str:
        return f"the coordinator of {self.args[0]} is ending (`tlray stop`); try again in a moment"


class CoordinatorEnded(CannotFinish):
    """The coordinator was ended by an operator; its batches sleep."""

    def __init__(self, home: str) -> None:
        super().__init__(home)

    def __str__(self) -> str:
        home = self.args[0]
        return (
            f"the coordinator of {home} was ended by `tlray stop`; go on with"
            f" `tlray scrape --resume BATCH_ID --home {home}`"
        )


class ServiceUnavailable(CannotFinish):
    """A service is not there, or is not able to do it."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)

    @property
    def reason(self) -> str:
        """The reason, without the service's address."""
        return str(self.args[1])

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class BrokerUnavailable(CannotFinish):
    """A message broker is not there, or does not answer; ``address`` is without the password."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}; see that RabbitMQ runs there, and try again"


class Interrupted(CannotFinish):
    """The user stopped it; the batch sleeps and can be resumed. "" for a list that was not yet a batch."""

    exit_code = 130

    def __init__(self, batch_id: str) -> None:
        super().__init__(batch_id)

    def __str__(self) -> str:
        if not self.args[0]:
            return "interrupted before the whole list was received; nothing of it is saved (but under a --key), submit it again"
        return f"interrupted; go on with `tlray scrape --resume {self.args[0]}`, and the same --home"
