"""Archives for tests, made from as few words as a test needs."""

from __future__ import annotations

import gzip
import io
import zipfile


def warc_record(
    body: bytes,
    url: str = "https://radio.example/sets/one.html",
    *,
    status: bytes = b"200 OK",
    headers: bytes = b"Content-Type: text/html; charset=utf-8\r\n",
    kind: bytes = b"response",
) -> bytes:
    """A record of a page as a crawler stores it."""
    http = b"HTTP/1.1 " + status + b"\r\n" + headers + b"\r\n" + body
    media_type = b"application/http; msgtype=response"
    if kind == b"resource":
        http, media_type = body, b"text/html"
    return (
        b"WARC/1.1\r\nWARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-%012d>\r\n"
        % (kind, len(body))
        + b"WARC-Target-URI: %s\r\nWARC-Date: 2026-11-01T12:00:00Z\r\n" % url.encode()
        + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (media_type, len(http))
        + http
        + b"\r\n\r\n"
    )


def gzip_warc(*records: bytes) -> bytes:
    """A WARC file of which each record is a gzip member."""
    return b"".join(map(gzip.compress, records))


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def wacz(*warcs: bytes) -> bytes:
    """A web archive as browsers' extensions write it."""
    members = {"datapackage.json": b"{}", "pages/pages.jsonl": b"{}", "indexes/index.cdx": b"x"}
    warc_files = {f"archive/data-{number}.warc.gz": body for number, body in enumerate(warcs)}
    return zipped(members | warc_files, zipfile.ZIP_STORED)


def mhtml(page: bytes, url: str = "https://radio.example/sets/one.html") -> bytes:
    """A page as Chromium saves it; ``page`` is in quoted-printable."""
    return (
        b"From: <Saved by Blink>\r\nSnapshot-Content-Location: "
        + url.encode()
        + b"\r\nSubject: =?utf-8?Q?A=20set?=\r\n"
        b"Date: Sat, 28 Nov 2026 12:00:00 -0000\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----MultipartBoundary--abc----"\r\n\r\n\r\n'
        b"------MultipartBoundary--abc----\r\nContent-Type: text/html\r\nContent-ID: <frame-1@mhtml.blink>\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\nContent-Location: "
        + url.encode()
        + b"\r\n\r\n"
        + page
        + b"\r\n"
        b"------MultipartBoundary--abc----\r\nContent-Type: text/css\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        b"Content-Location: cid:css-1@mhtml.blink\r\n\r\nbody {}\r\n"
        b"------MultipartBoundary--abc----\r\nContent-Type: text/html\r\nContent-ID: <frame-2@mhtml.blink>\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>an advertisement\r\n"
        b"------MultipartBoundary--abc------\r\n"
    )
