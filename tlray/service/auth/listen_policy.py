"""Addresses that the service may listen on: loopback always, any other only if the home requires tokens."""

from __future__ import annotations

from tlray.core.access.same_origin import ANY_ADDRESS, is_loopback
from tlray.errors import UsageError
from tlray.io.offline.opening import has_usable_token
from tlray.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::", "[::]", ""})  # noqa: S104 - nothing is bound


def require_may_listen(host: str, settings: Settings) -> None:
    """Raise UsageError if other machines could reach a service without tokens."""
    if not is_loopback(host) and not has_usable_token(settings.home, settings.journal):
        raise UsageError(
            f"other machines could reach the service at {host or 'every address'}, and its home {settings.home} has no token yet:"
            " make one with `tlray token create --user NAME --scope admin`, or listen on 127.0.0.1"
        )


def allowing_host(host: str, settings: Settings) -> Settings:
    """Return the settings with the listen address among the allowed hosts."""
    if is_loopback(host):
        return settings
    more = ANY_ADDRESS if host in EVERYWHERE else host
    return settings.model_copy(update={"allowed_hosts": f"{settings.allowed_hosts},{more}"})


def serve_host() -> str:
    """Return the address that Ray Serve listens on, or will."""
    import ray  # noqa: PLC0415
    from ray.serve._private.constants import DEFAULT_HTTP_HOST  # noqa: PLC0415
    from ray.serve.context import _get_global_client  # noqa: PLC0415 - not in the public API

    client = _get_global_client(raise_if_no_controller_running=False) if ray.is_initialized() else None
    host = client.http_config.host if client is not None else DEFAULT_HTTP_HOST
    return str(host or "127.0.0.1")


def require_no_other_service(name: str, host: str, port: int) -> None:
    """Raise UsageError if this Ray serves already: a second application of this name would replace the first, and Ray Serve
    stays on its first address."""
    from ray import serve  # noqa: PLC0415
    from ray.serve.context import _get_global_client  # noqa: PLC0415 - not in the public API

    client = _get_global_client(raise_if_no_controller_running=False)
    if client is None:
        return
    there = f"{client.http_config.host}:{client.http_config.port}"
    if name in serve.status().applications:
        raise UsageError(
            f"a tlray service of this home is already running at http://{there}; use it, or stop it"
        )
    if (client.http_config.host, client.http_config.port) != (host, port):
        raise UsageError(f"this Ray already serves at {there}; use the same --host and --port")
