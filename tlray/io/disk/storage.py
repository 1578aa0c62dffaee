"""Storage: the place of results outside the home, as a URI, and the credentials for it.

::

    s3://bucket/prefix          S3, and what speaks its protocol          AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, …
    gs://bucket/prefix          Google Cloud Storage                      GOOGLE_APPLICATION_CREDENTIALS, …
    az://container/prefix       Azure Blob Storage                        AZURE_STORAGE_ACCOUNT_NAME, …
    file:///folder              a folder, such as a file system that all nodes share

Credentials are never part of the URI. They come from the environment of the process that starts the coordinator, and go with
the configuration of its tasks; a node without them uses its own (an instance's role).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from tlray.errors import UsageError

EXAMPLE: Final = "write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"
VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
        "AWS_SERVER_SIDE_ENCRYPTION", "AWS_SSE_KMS_KEY_ID", "AWS_SSE_BUCKET_KEY_ENABLED", "AWS_REQUEST_PAYER",
        "AWS_DISABLE_BULK_DELETE", "AWS_SKIP_SIGNATURE",
    ),
    "gs": (
        "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_BASE_URL",
        "GOOGLE_SKIP_SIGNATURE",
    ),
    "az": (
        "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_TOKEN", "AZURE_STORAGE_CLIENT_ID", "AZURE_STORAGE_CLIENT_SECRET",
        "AZURE_STORAGE_TENANT_ID", "AZURE_STORAGE_ENDPOINT", "AZURE_STORAGE_USE_EMULATOR",
    ),
    "file": (),
}  # fmt: skip
"""Variables of the environment that go with a storage, by its scheme."""
_ENDPOINTS: Final = (
    "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Storage:
    """A place of results outside the home."""

    scheme: str
    bucket: str
    """"" for a folder."""
    prefix: str
    """A path without slashes at its ends; that of a folder is whole."""
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False, compare=False)
    """Variables of the environment, credentials among them."""

    @property
    def uri(self) -> str:
        """The URI in its one spelling."""
        prefix = re.sub(r"[%?#@]", lambda found: f"%{ord(found[0]):02X}", self.prefix)
        place = f"{self.bucket}/{prefix}" if prefix else self.bucket
        return f"file://{prefix}" if self.scheme == "file" else f"{self.scheme}://{place}"

    @property
    def folder(self) -> Path | None:
        """The folder of a ``file:`` storage; None for objects."""
        return Path(self.prefix) if self.scheme == "file" else None

    @property
    def endpoint(self) -> str | None:
        """The URL of the server, where the environment names one."""
        named = dict(self.options)
        return next((named[name] for name in _ENDPOINTS if name in named), None)


def parse_storage(uri: str, environ: Mapping[str, str] | None = None) -> Storage:
    """Read a URI, and what the environment says about that kind of storage. UsageError without a secret in its words."""
    environ = os.environ if environ is None else environ
    scheme = uri.partition(":")[0].lower()
    scheme = {"s3a": "s3", "gcs": "gs", "azure": "az"}.get(scheme, scheme)
    if scheme not in VARIABLES:
        raise UsageError(f"TLRAY_STORAGE: not a storage that tlray knows; {EXAMPLE}")
    try:
        parts = urlsplit(uri)
        host = parts.netloc
    except ValueError:
        raise UsageError(f"TLRAY_STORAGE is no URI; {EXAMPLE}") from None
    if "@" in uri or parts.query or parts.fragment:
        raise UsageError(
            f"TLRAY_STORAGE must have no password, query or fragment: credentials come from the environment"
            f" ({', '.join(VARIABLES[scheme][:2]) or 'none are needed'}); {EXAMPLE}"
        )
    path = unquote(parts.path)
    segments = [segment for segment in path.split("/") if segment]
    if not uri.isprintable() or not path.isprintable() or {".", ".."} & set(segments):
        raise UsageError(f"TLRAY_STORAGE={uri!r} is no path that a storage can have; {EXAMPLE}")
    prefix = "/".join(segments)
    if scheme == "file":
        if host not in ("", "localhost") or not path.startswith("/") or not prefix:
            raise UsageError(f"TLRAY_STORAGE={uri}: name an absolute folder, such as file:///mnt/tlray")
        return Storage("file", "", f"/{prefix}")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise UsageError(f"TLRAY_STORAGE={uri}: {host!r} is no name of a bucket; {EXAMPLE}")
    options = tuple((name, environ[name]) for name in VARIABLES[scheme] if environ.get(name))
    for name, value in options:
        if name in _ENDPOINTS:
            _require_endpoint(name, value)
    return Storage(scheme, host, prefix, options)


def _require_endpoint(name: str, value: str) -> None:
    try:
        parts = urlsplit(value)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or "@" in value or parts.query:
        raise UsageError(
            f"{name} must be the URL of a server, such as http://127.0.0.1:9000 or https://s3.example.org"
        )
