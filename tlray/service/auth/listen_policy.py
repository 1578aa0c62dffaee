"""May the service listen there? On loopback always; anywhere else only where nobody gets in without a token."""

from __future__ import annotations

from tlray.core.access.same_origin import ANY_ADDRESS, is_loopback
from tlray.errors import UsageError
from tlray.io.offline.opening import has_usable_token
from tlray.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::", "[::]", ""})  # noqa: S104 - nothing is bound


def see_that_it_may_listen(host: str, settings: Settings) -> None:
    """Raise UsageError where others than this machine could reach a service that asks nobody."""
    if not is_loopback(host) and not has_usable_token(settings.home):
        raise UsageError(
            f"at {host or 'every address'} others could reach the service, and its home {settings.home} has no token yet:"
            " make one with `tlray token create --user NAME --scope admin`, or listen at 127.0.0.1"
        )


def knowing(host: str, settings: Settings) -> Settings:
    """Return the settings with what is listened at among the hosts that are answered for: one address, or all."""
    if is_loopback(host):
        return settings
    more = ANY_ADDRESS if host in EVERYWHERE else host
    return settings.model_copy(update={"allowed_hosts": f"{settings.allowed_hosts},{more}"})


def listens_at() -> str:
    """Return the address that Ray Serve listens at, or will."""
    import ray  # noqa: PLC0415
    from ray.serve._private.constants import DEFAULT_HTTP_HOST  # noqa: PLC0415
    from ray.serve.context import _get_global_client  # noqa: PLC0415 - the public API does not tell

    client = _get_global_client(raise_if_no_controller_running=False) if ray.is_initialized() else None
    host = client.http_config.host if client is not None else DEFAULT_HTTP_HOST
    return str(host or "127.0.0.1")


def see_that_it_is_alone(name: str, host: str, port: int) -> None:
    """Raise UsageError where this Ray serves already: a second application of that name would take the first one's place, and Ray
    Serve listens where it was told to first."""
    from ray import serve  # noqa: PLC0415
    from ray.serve.context import _get_global_client  # noqa: PLC0415 - the public API does not tell

    client = _get_global_client(raise_if_no_controller_running=False)
    if client is None:
        return
    there = f"{client.http_config.host}:{client.http_config.port}"
    if name in serve.status().applications:
        raise UsageError(
            f"a tlray service answers at http://{there} already, on this home's Ray; use that one, or end it"
        )
    if (client.http_config.host, client.http_config.port) != (host, port):
        raise UsageError(f"this Ray serves at {there} already; say --host and --port so")
