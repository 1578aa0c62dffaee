"""Calls to an object storage, by obstore: each bounded in time, errors in our words.

Every object is written by one PUT that creates it, so it is there whole or not at all, and nothing of a multipart upload is ever
left behind. The library repeats a request that failed for up to `RETRY_S`; beyond that a call is repeated for as long as the
client is patient.
"""

from __future__ import annotations

import io
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from tlray.errors import CannotFinish, StorageUnavailable, StorageUnusable
from tlray.io.disk.storage import VARIABLES, Storage
from tlray.io.results.object_errors import explain, is_missing_object

if TYPE_CHECKING:
    from obstore.store import ObjectStore

logger = logging.getLogger(__name__)
T = TypeVar("T")
RETRY_S: Final = 10.0
CONNECT_S: Final = 5.0
PROBE_S: Final = 6.0
MAX_PAUSE_S: Final = 5.0
SMALL_BYTES: Final = 4 * 1024 * 1024
LARGE_BYTES: Final = 128 * 1024 * 1024
MAX_OBJECT_BYTES: Final = 5 * 1024**3
"""The largest object that one PUT or copy may have, at S3. A part has some 100 MB at most."""
RANGE_BYTES: Final = 1024 * 1024
_TIMEOUTS: Final[dict[str, dict[str, Any]]] = {
    "probe": {"timeout": timedelta(seconds=PROBE_S)},
    "small": {"timeout": timedelta(seconds=15)},
    "large": {"timeout": timedelta(seconds=150)},
    "huge": {"timeout": timedelta(hours=2)},
    "read": {"timeout": timedelta(seconds=300), "read_timeout": timedelta(seconds=15)},
}
"""Time limits of one request, by what it carries; a large upload has 0.7 MB/s at the least."""
_STORES: Final[dict[str, Any]] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}


@lru_cache(maxsize=32)
def _connected(storage: Storage, options: tuple[tuple[str, str], ...], kind: str) -> ObjectStore:
    """Return the library's store; one for all calls, because it holds the connections."""
    is_plain = (storage.endpoint or "").startswith("http://")
    retry = {
        "max_retries": 0 if kind == "probe" else 3,
        "retry_timeout": timedelta(seconds=RETRY_S),
        "backoff": {
            "init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=1), "base": 2,
        },
    }  # fmt: skip
    try:
        store: ObjectStore = _STORES[storage.scheme](
            storage.bucket,
            prefix=storage.prefix or None,
            config={name.lower(): value for name, value in options},
            client_options={
                "allow_http": is_plain, "connect_timeout": timedelta(seconds=CONNECT_S), **_TIMEOUTS[kind],
            },
            retry_config=retry,
        )  # fmt: skip
    except BaseError:
        names = ", ".join(name for name, _ in options)
        needed = " and ".join(VARIABLES[storage.scheme][:2])
        reason = f"its variables do not go together ({names})" if names else f"set {needed}"
        raise StorageUnusable(storage.uri, reason) from None
    return store


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a listing."""

    key: str
    n_bytes: int
    modified_at: float


@dataclass(frozen=True, slots=True)
class ObjectClient:
    """Objects below the prefix of a storage."""

    storage: Storage
    patience_s: float
    """How long a call is repeated while the storage does not answer."""
    connect: Callable[[str], ObjectStore]
    """The library's store for a kind of request (`_TIMEOUTS`)."""

    @classmethod
    def of(cls, storage: Storage, *, patience_s: float) -> ObjectClient:
        """Return a client of a storage."""
        return cls(storage, patience_s, lambda kind: _connected(storage, storage.options, kind))

    def create(self, key: str, content: memoryview) -> None:
        """Create an object by one request; one that is there with the same content is ours, from a request without an answer."""
        kind = _kind_for(key, content)

        def put() -> bool:
            try:
                obstore.put(self.connect(kind), key, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

        if not self.call(put) and self.read(key) != content:
            raise CannotFinish(f"{key} is in {self.storage.uri} already, with other content")

    def replace(self, key: str, content: memoryview) -> None:
        """Write an object by one request, whatever was there."""
        kind = _kind_for(key, content)
        self.call(lambda: obstore.put(self.connect(kind), key, content, use_multipart=False))

    def read(self, key: str) -> memoryview:
        """Return an object's content; FileNotFoundError if it is not there."""
        return self.call(lambda: memoryview(obstore.get(self.connect("read"), key).bytes()), may_miss=True)

    def open(self, key: str) -> io.BufferedReader:
        """Open an object of which only some is read; FileNotFoundError if it is not there."""
        size = self.call(lambda: obstore.head(self.connect("small"), key)["size"], may_miss=True)
        return io.BufferedReader(_Ranges(self, key, size), RANGE_BYTES)

    def read_range(self, key: str, begin: int, end: int) -> memoryview:
        """Return some bytes of an object."""
        return self.call(
            lambda: memoryview(obstore.get_range(self.connect("read"), key, start=begin, end=end)),
            may_miss=True,
        )

    def list(self, prefix: str) -> Sequence[StoredObject]:
        """List the objects below a prefix."""
        return self.call(
            lambda: [
                StoredObject(found["path"], found["size"], found["last_modified"].timestamp())
                for found_some in obstore.list(self.connect("small"), prefix, chunk_size=1_000)
                for found in found_some
                if not found["path"].endswith("/")
            ]
        )

    def folders(self, prefix: str) -> Sequence[str]:
        """List the prefixes right below a prefix."""
        found = self.call(lambda: obstore.list_with_delimiter(self.connect("small"), prefix))
        return [str(name) for name in found["common_prefixes"]]

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the storage; the copy appears whole or not at all."""
        self.call(lambda: obstore.copy(self.connect("large"), source, target))

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone are passed over."""
        if not keys:
            return
        try:
            self.call(lambda: obstore.delete(self.connect("small"), keys), may_miss=True)
        except FileNotFoundError:  # some storages say so, and stop there
            for key in keys:
                with suppress(FileNotFoundError):
                    self.call(partial(obstore.delete, self.connect("small"), key), may_miss=True)

    def probe(self) -> None:
        """Write, read, list and delete an object; `StorageUnusable` where somebody must correct something first."""
        folder = f"_probe-{secrets.token_hex(8)}"
        store, key = self.connect("probe"), f"{folder}/tlray"

        def try_all() -> None:
            obstore.put(store, key, b"tlray", mode="create", use_multipart=False)
            if bytes(obstore.get(store, key).bytes()) != b"tlray" or not list(obstore.list(store, folder)):
                raise StorageUnusable(self.storage.uri, "what was written there is not there at once")
            obstore.delete(store, [key])

        try:
            self.call(try_all, patience_s=0.0)
        except StorageUnavailable as error:
            if error.is_refusal:
                raise StorageUnusable(*error.args[:2]) from None
            raise

    def call(self, action: Callable[[], T], *, patience_s: float | None = None, may_miss: bool = False) -> T:
        """Run a call of the library until it succeeds, is refused, or patience is over.

        ``may_miss``: it is about an object that may not be there; FileNotFoundError then.
        """
        deadline = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        pause_s = 0.25
        while True:
            try:
                return action()
            except (BaseError, FileNotFoundError) as error:
                is_missing = may_miss and is_missing_object(error)
                problem = explain(error, self.storage)
            if is_missing:
                raise FileNotFoundError("no such object")
            if problem.is_refusal or time.monotonic() + pause_s >= deadline:
                raise problem
            logger.warning("storage fails storage=%s why=%s", self.storage.uri, problem.args[1])
            time.sleep(pause_s)
            pause_s = min(MAX_PAUSE_S, 2 * pause_s)


def _kind_for(key: str, content: memoryview) -> str:
    """Return the kind of request that carries some content."""
    if content.nbytes > MAX_OBJECT_BYTES:
        raise CannotFinish(f"{key} has {content.nbytes:,} bytes, more than one object may have")
    return "small" if content.nbytes <= SMALL_BYTES else "large" if content.nbytes <= LARGE_BYTES else "huge"


class _Ranges(io.RawIOBase):
    """An object, read in ranges."""

    def __init__(self, client: ObjectClient, key: str, size: int) -> None:
        super().__init__()
        self._client, self._key, self._size = client, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._size, self._at + len(buffer))
        if end <= self._at:
            return 0
        content = self._client.read_range(self._key, self._at, end)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
