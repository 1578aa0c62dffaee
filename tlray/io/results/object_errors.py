"""Errors of an object storage in our words. The library's own texts name URLs, keys and requests, and are not passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tlray.errors import StorageUnavailable
from tlray.io.disk.storage import VARIABLES, Storage

_CODE: Final = re.compile(r"<Code>(\w{1,60})</Code>|\(code: (\w{1,60})\)")
_STATUS: Final = re.compile(r"status code: (\d{3})\b")
_KIND: Final = re.compile(r"\bkind: (Connect|Timeout)\b")
_ROLES: Final = ("169.254.169.254", "169.254.170.2", "metadata.google.internal", "fd00:ec2")
"""Where a cloud's own machines find their role: it is asked if the environment has no credentials."""
_REFUSALS: Final[Mapping[str, str]] = {
    "NoSuchBucket": "the bucket does not exist; create it, or correct TLRAY_STORAGE",
    "ContainerNotFound": "the container does not exist; create it, or correct TLRAY_STORAGE",
    "InvalidBucketName": "that is no name of a bucket; correct TLRAY_STORAGE",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region; set AWS_REGION",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "ExpiredToken": "the credentials have expired; set new ones, and end a running coordinator with `tlray stop --drain`",
}
_WRONG: Final = frozenset(
    {"SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthenticationFailed", "InvalidToken"}
)
_FULL: Final = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "StorageFull"})


def is_missing_object(error: BaseException) -> bool:
    """Return True if an object is not there, though its bucket is."""
    return isinstance(error, FileNotFoundError) and _code_of(str(error)) not in _REFUSALS


def explain(error: BaseException, storage: Storage) -> StorageUnavailable:
    """Return our error for one of the library's."""
    text = str(error)
    code = _code_of(text)
    status = int(match[1]) if (match := _STATUS.search(text)) else 0
    kind = match[1] if (match := _KIND.search(text)) else ""
    variables = " and ".join(VARIABLES[storage.scheme][:2])
    server = f"its server at {storage.endpoint}" if storage.endpoint else "its server"
    told = f"status {status}" + (f" ({code})" if code else "")
    rights = "the credentials need the rights to read, write, list and delete there"
    rows = (
        (code in _REFUSALS, True, _REFUSALS.get(code, "")),
        (any(place in text for place in _ROLES), True, f"there are no credentials for it; set {variables}"),
        (code in _WRONG or status == 401, True, f"the credentials are wrong, {told}; check {variables}"),
        (code == "AccessDenied" or status == 403, True, f"access is denied; {rights}"),
        (code in _FULL or status == 507, False, "it is full; make room"),
        (status >= 500 or status in (408, 409, 429), False, f"{server} fails with {told}"),
        (isinstance(error, FileNotFoundError), True, f"{server} refuses a request with status 404"),
        (status > 0, True, f"{server} refuses a request with {told}"),
        (kind == "Connect", False, f"{server} cannot be reached"),
        (kind == "Timeout", False, f"{server} does not answer in time"),
        (True, False, f"the connection to {server} broke"),
    )
    _, is_refusal, reason = next(row for row in rows if row[0])
    return StorageUnavailable(storage.uri, reason, is_refusal)


def _code_of(text: str) -> str:
    return next((a or b for a, b in _CODE.findall(text)), "")
