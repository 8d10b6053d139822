"""`ionscout serve`: the REST service, and the keys of those who may use it from elsewhere."""

import os
from typing import Annotated, Any

import typer

serve_app = typer.Typer(
    help="Answer over HTTP what the library answers: a page for browsers at /, the API at /docs.",
    invoke_without_command=True,
)
keys_app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
serve_app.add_typer(keys_app, name="keys")


@serve_app.callback()
def serve_command(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Interface; beyond loopback API keys are needed.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = None,
    require_keys: Annotated[bool, typer.Option("--require-keys", help="Ask for API keys on loopback too.")] = False,
) -> None:
    """Answer over HTTP what the library answers: a page for browsers at /, the API at /docs."""
    if context.invoked_subcommand is not None:
        return
    import uvicorn

    from .http.access import is_loopback
    from .http.app import create_app
    from .http.json_log import log_json
    from .http.keys import ApiKeys
    from .http.settings import ServiceSettings

    given: dict[str, Any] = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if require_keys:
        given["require_keys"] = True
    settings = ServiceSettings(**given)
    if not is_loopback(settings.host) and not ApiKeys().all():
        raise ValueError(
            f"--host {settings.host} is reachable from other machines, and there is no API key yet: make one with "
            "`ionscout serve keys add NAME --scope read`, or stay on 127.0.0.1"
        )
    log_json()
    # A registry that is away is asked again with the next look; nothing is to hang on it for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
    )


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Who will use it, e.g. glovebox-robot.")],
    scope: Annotated[list[str], typer.Option(help="read, measurements or promote; may be repeated.")],
) -> None:
    """Make a key; it is shown once and kept only as a hash."""
    from .http.keys import ApiKeys

    typer.echo(ApiKeys().add(name, scope))
    typer.echo("Keep it: it cannot be shown again.", err=True)


@keys_app.command("list")
def list_keys() -> None:
    """List keys with their scopes."""
    from .http.keys import ApiKeys

    for key in ApiKeys().all():
        typer.echo(f"{key.name}\t{','.join(key.scopes)}\t{key.created}")


@keys_app.command("revoke")
def revoke_key(name: Annotated[str, typer.Argument(help="Name of the key.")]) -> None:
    """Revoke a key; running services refuse it at once."""
    from .http.keys import ApiKeys

    if not ApiKeys().revoke(name):
        raise LookupError(f"there is no key {name!r}; `ionscout serve keys list` shows them")
    typer.echo(f"{name} is revoked", err=True)
