"""Checks of Ray: its token, and the cluster that is named. Ray is not loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from tlray.io.disk.private_files import open_to_others
from tlray.io.doctor.disk import ray_temporary_folder
from tlray.io.doctor.folders import not_writable, refusal
from tlray.io.doctor.ray_cluster import GcsAnswer, Verdict, ask_gcs, find_address
from tlray.io.doctor.reach import unreachable
from tlray.io.doctor.report import Grade, Result, failed, ok, warning

MODE: Final = "RAY_AUTH_MODE"
PORT: Final = 6379
_SOCKET_BYTES: Final = 107
"""The longest path of a socket."""
_SOCKET: Final = "/ray/session_2026-01-01_00-00-00_000000_0000000/sockets/plasma_store"
_START: Final = "`ray get-auth-token --generate`, then `RAY_AUTH_MODE=token ray start --head --port={port}`"
_RENEW: Final = "export RAY_AUTH_TOKEN=TOKEN, with what `ray get-auth-token` prints on its head node"
_COPY: Final = "copy ~/.ray/auth_token of the cluster's head node (`ray get-auth-token` prints it there)"


@dataclass(frozen=True, slots=True)
class Token:
    """Ray's token, as Ray finds it."""

    text: str
    """"" where Ray makes one."""
    source: str
    is_open: str | None = None
    """A warning if other users can read it."""


def ray(environ: Mapping[str, str] | None = None) -> Result:
    """Check Ray's token, and that a named cluster is there and takes it."""
    environ = os.environ if environ is None else environ
    try:
        return _ray(environ)
    except (metadata.PackageNotFoundError, ImportError) as error:
        return failed(f"{error.name} is not installed", "see the check packages")


def _ray(environ: Mapping[str, str]) -> Result:
    mode = environ.get(MODE, "").lower()
    if mode not in ("", "token", "disabled"):
        return failed(f"{MODE}={environ[MODE]} is no mode of Ray", f"export {MODE}=token")
    address = environ.get("RAY_ADDRESS", "")
    if address in ("", "local"):
        return _own(environ, mode)
    if address != "auto":
        return _cluster(f"RAY_ADDRESS={address}", address, environ, mode)
    found = find_address(environ)
    if found is None:
        return failed(
            "RAY_ADDRESS=auto, and no Ray runs on this machine",
            f"{_START.format(port=PORT)}; or unset RAY_ADDRESS",
        )
    return _cluster(f"RAY_ADDRESS=auto ({found})", found, environ, mode)


def _own(environ: Mapping[str, str], mode: str) -> Result:
    """Check what a Ray of our own needs."""
    what = f"Ray {_version()}; RAY_ADDRESS is not set: tlray starts a Ray of its own on loopback"
    folder = ray_temporary_folder(environ)
    if len(os.fsencode(folder + _SOCKET)) > _SOCKET_BYTES:
        return failed(
            f"Ray cannot make its sockets in {folder}: the path of a socket has {_SOCKET_BYTES} bytes at most",
            f"export RAY_TMPDIR=/tmp, or another folder of {_SOCKET_BYTES - len(_SOCKET)} bytes at most",
        )
    if mode == "disabled":
        return warning(
            f"{what}, without a token ({MODE}=disabled): every user of this machine runs programs as you",
            f"unset {MODE}",
        )
    found = _token(environ, is_made=True)
    if isinstance(found, Result):
        return found
    return _with_mode_of(found, ok(f"{what}, with a token"))


def _cluster(place: str, address: str, environ: Mapping[str, str], mode: str) -> Result:  # noqa: PLR0911 - a list of rules
    """Check the cluster at an address."""
    hint = f"write the address of its GCS, HOST:PORT (port {PORT} unless it was started with another), or unset RAY_ADDRESS"
    if "://" in address:
        return failed(f"{place} is an address of Ray Client, which tlray does not use", hint)
    host, _, digits = address.rpartition(":")
    if not host or not (digits.isascii() and digits.isdecimal()) or not 0 < int(digits) < 65_536:
        return failed(f"{place} is no address of a Ray", hint)
    host, port = host.strip("[]"), int(digits)
    result = unreachable(
        place, host, port, setting="RAY_ADDRESS", program=f"a Ray ({_START.format(port=port)})"
    )
    if result is not None:
        return failed(result.what, f"{result.hint}, or unset RAY_ADDRESS")
    if environ.get("RAY_USE_TLS", "").lower() in ("1", "true"):
        return ok(f"{place}: something listens there; it was asked nothing, because of RAY_USE_TLS")
    found = Token("", "") if mode == "disabled" else _token(environ, is_made=False)
    answer = ask_gcs(host, port, "")
    if answer.verdict is Verdict.TAKES_US:
        return _open_cluster(place, port, answer, found)
    if answer.verdict is not Verdict.REFUSES:
        return _no_gcs(place, port, answer)
    if mode == "disabled":
        return failed(f"{place} wants a token, and {MODE}=disabled sends none", f"unset {MODE}")
    if isinstance(found, Result):
        return found
    answer = ask_gcs(host, port, found.text)
    if answer.verdict is not Verdict.TAKES_US:
        return failed(
            f"{place} refuses the token of {found.source}",
            _RENEW if found.source == "RAY_AUTH_TOKEN" else _COPY,
        )
    return _other_version(place, answer) or _with_mode_of(
        found, ok(f"{place} is a Ray {answer.version} and takes our token")
    )


def _open_cluster(place: str, port: int, answer: GcsAnswer, found: Token | Result) -> Result:
    """Return the result for a cluster that asks nobody for a token."""
    if (result := _other_version(place, answer)) is not None:
        return result
    again = f"start it with a token: `ray stop`, {_START.format(port=port)}"
    if isinstance(found, Result) and found.grade is Grade.FAILED:
        return failed(
            f"{place} has no token, and tlray joins only with one ({found.what})",
            f"{again}, or `export {MODE}=disabled`",
        )
    return warning(
        f"{place} takes everybody without a token: who reaches its ports runs programs as its user", again
    )


def _no_gcs(place: str, port: int, answer: GcsAnswer) -> Result:
    if answer.verdict is Verdict.SILENT:
        return failed(
            f"{place}: something listens there and does not answer as the GCS of a Ray",
            "see whether it hangs (`ray status` on its head node), and start it again; or unset RAY_ADDRESS",
        )
    return failed(
        f"{place}: what listens there is no GCS of a Ray",
        f"correct the port ({PORT} unless `ray start` was given another), or unset RAY_ADDRESS",
    )


def _other_version(place: str, answer: GcsAnswer) -> Result | None:
    if answer.version in ("", _version()):
        return None
    return failed(
        f"{place} is a Ray {answer.version}, and here is Ray {_version()}: they do not work together",
        f"pip install 'ray[default,serve]=={answer.version}'",
    )


def _token(environ: Mapping[str, str], *, is_made: bool) -> Token | Result:  # noqa: PLR0911 - a list of rules
    """Return Ray's token, or what is wrong with it; ``is_made``: Ray makes one where there is none."""
    if text := environ.get("RAY_AUTH_TOKEN", "").strip():
        return Token(text, "RAY_AUTH_TOKEN")
    named = environ.get("RAY_AUTH_TOKEN_PATH", "")
    try:
        path = Path(named) if named else Path(environ.get("HOME") or Path.home()) / ".ray" / "auth_token"
    except RuntimeError:
        return failed(
            f"Ray finds no place for its token: HOME is not set, and user {os.geteuid()} has no home",
            "export HOME=/a/folder/of/this/user",
        )
    source = f"{path} (RAY_AUTH_TOKEN_PATH)" if named else str(path)
    again = (
        "correct RAY_AUTH_TOKEN_PATH, or unset it"
        if named and is_made
        else f"rm {path} (Ray makes a new one)"
    )
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if named or not is_made:
            return failed(f"there is no token at {source}", again if is_made else _COPY)
        return not_writable(path.parent, "export HOME=/a/folder/of/this/user") or Token("", source)
    except OSError as error:
        return refusal(error, path, "name another file in RAY_AUTH_TOKEN_PATH")
    except UnicodeDecodeError:
        text = ""
    if not text:
        return failed(f"there is no token in {source}", again if is_made else _COPY)
    return Token(text, source, open_to_others(path))


def _with_mode_of(token: Token, result: Result) -> Result:
    """Return the result, or the warning that other users can read the token."""
    if token.is_open is None:
        return result
    what, _, command = token.is_open.rpartition(": ")
    return warning(f"{result.what}; but {what}", command)


def _version() -> str:
    return metadata.version("ray")
