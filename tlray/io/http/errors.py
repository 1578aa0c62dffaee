"""Translation of the exceptions of aiohttp, ssl, asyncio and the system into outcomes."""

from __future__ import annotations

import errno
import ssl

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from tlray.core.model.outcome import OutcomeKind
from tlray.io.http.checked_resolver import RefusedAddressError
from tlray.io.http.response_head import HeadError

NETWORK_ERRORS: tuple[type[Exception], ...] = (
    aiohttp.ClientError,
    HttpProcessingError,
    OSError,  # TimeoutError and ssl.SSLError among them
    ValueError,  # hosts that IDNA cannot spell, URLs that yarl cannot read
)
"""The exceptions of a request that are not bugs."""

_AT_ANY_TIME: tuple[tuple[type[Exception], OutcomeKind, str], ...] = (
    # the first that fits; a class stands before its bases
    (aiohttp.ClientConnectorDNSError, OutcomeKind.DNS, "no such host"),
    (aiohttp.ClientConnectorCertificateError, OutcomeKind.TLS, "bad certificate"),
    (aiohttp.ClientSSLError, OutcomeKind.TLS, "no TLS connection"),
    (aiohttp.ServerFingerprintMismatch, OutcomeKind.TLS, "no TLS connection"),
    (ssl.SSLError, OutcomeKind.TLS, "no TLS connection"),
    (aiohttp.ConnectionTimeoutError, OutcomeKind.TIMEOUT, "timeout while connecting"),
    (aiohttp.SocketTimeoutError, OutcomeKind.TIMEOUT, "timeout while reading"),
    (TimeoutError, OutcomeKind.TIMEOUT, "timeout"),
    (aiohttp.InvalidURL, OutcomeKind.BAD_HTTP, "invalid URL"),
    (aiohttp.NonHttpUrlClientError, OutcomeKind.BAD_HTTP, "invalid URL"),
)
_BEFORE_THE_BODY: tuple[tuple[type[Exception], OutcomeKind, str], ...] = (
    (aiohttp.ServerDisconnectedError, OutcomeKind.CONNECT, "closed without an answer"),
    (aiohttp.ClientResponseError, OutcomeKind.BAD_HTTP, "malformed answer"),
    (aiohttp.ClientPayloadError, OutcomeKind.BAD_HTTP, "malformed answer"),
    (HttpProcessingError, OutcomeKind.BAD_HTTP, "malformed answer"),
    (ValueError, OutcomeKind.BAD_HTTP, "invalid URL"),
)
_CONNECT_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ECONNABORTED: "connection reset",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EADDRNOTAVAIL: "no local address left",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}


def translate(error: Exception, *, body_began: bool) -> tuple[OutcomeKind, str]:
    """Return the outcome and a short, stable reason; ``body_began``: after the headers."""
    if isinstance(error, aiohttp.ClientConnectorDNSError) and isinstance(error.os_error, RefusedAddressError):
        return OutcomeKind.PRIVATE_ADDRESS, str(error.os_error.args[1])
    if isinstance(error.__cause__, HeadError):
        return OutcomeKind.BAD_HTTP, error.__cause__.message
    for foreign, kind, reason in _AT_ANY_TIME:
        if isinstance(error, foreign):
            return kind, reason
    if body_began:
        return OutcomeKind.TRUNCATED, "body ends early"
    for foreign, kind, reason in _BEFORE_THE_BODY:
        if isinstance(error, foreign):
            return kind, reason
    number = error.errno if isinstance(error, OSError) else None
    return OutcomeKind.CONNECT, _CONNECT_REASONS.get(number or 0, "no connection")
