"""One question to a Ray cluster's GCS, with and without a token, by gRPC: Ray itself is not loaded.

``CheckAlive`` is what ``ray health-check`` asks. Its answer has Ray's version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import psutil

from tlray.io.doctor.disk import ray_temporary_folder

ANSWER_S: Final = 4.0
_METHOD: Final = "/ray.rpc.NodeInfoGcsService/CheckAlive"
_VERSION_FIELD: Final = 2


class Verdict(StrEnum):
    """What a cluster says."""

    TAKES_US = "takes us"
    REFUSES = "refuses"
    SILENT = "silent"
    NO_RAY = "no Ray"


@dataclass(frozen=True, slots=True)
class GcsAnswer:
    """What a GCS answers, and which Ray it is ("" if it does not say)."""

    verdict: Verdict
    version: str = ""


def ask_gcs(host: str, port: int, token: str, *, limit_s: float = ANSWER_S) -> GcsAnswer:
    """Ask what listens there whether it is a Ray that takes the token ("" for none)."""
    import grpc  # noqa: PLC0415 - loaded where a cluster is named

    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    options = (("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0))
    with grpc.insecure_channel(place, options=options) as channel:
        call = channel.unary_unary(_METHOD, request_serializer=bytes, response_deserializer=bytes)
        try:
            return GcsAnswer(Verdict.TAKES_US, _version_in(call(b"", timeout=limit_s, metadata=metadata)))
        except grpc.RpcError as error:
            code = error.code()
    if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return GcsAnswer(Verdict.REFUSES)
    return GcsAnswer(Verdict.SILENT if code is grpc.StatusCode.DEADLINE_EXCEEDED else Verdict.NO_RAY)


def find_address(environ: Mapping[str, str]) -> str | None:
    """Return the address that ``RAY_ADDRESS=auto`` stands for, as Ray finds it; None if no Ray runs on this machine."""
    note = Path(ray_temporary_folder(environ)) / "ray" / "ray_current_cluster"
    try:
        noted = note.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        noted = ""
    return noted or next(iter(sorted(_addresses_of_raylets())), None)


def _addresses_of_raylets() -> set[str]:
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if words and Path(words[0]).name == "raylet":
            found |= {word.partition("=")[2] for word in words if word.startswith("--gcs-address=")}
    return found - {""}


def _version_in(reply: bytes) -> str:
    """Return the text of Ray's version in a ``CheckAliveReply``; "" if it has none (the fields are of protobuf's wire format)."""
    at = 0
    while at + 1 < len(reply):
        number, kind = reply[at] >> 3, reply[at] & 7
        if kind != 2:  # no text, message or packed list: not what we know
            return ""
        size = reply[at + 1]
        if number == _VERSION_FIELD:
            return reply[at + 2 : at + 2 + size].decode("ascii", "replace")
        at += 2 + size
    return ""
