"""What the OpenAPI says of resources that read their requests themselves."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer ionscout_..."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "password": {"type": "http", "scheme": "basic", "description": "For browsers: any user, the key as password."},
}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of a model with everything it refers to written out, so that it may stand anywhere."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def written_out(node: Any) -> Any:
        if isinstance(node, list):
            return [written_out(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return written_out(parts[node["$ref"].rpartition("/")[2]])
        return {name: written_out(item) for name, item in node.items()}

    return written_out(schema)


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as parameters of a query."""
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": schema.get("description", "")}
        for name, schema in schema_of(model)["properties"].items()
    ]


def with_keys(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The application's OpenAPI, with the ways to send a key."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        said = plain()
        said["components"]["securitySchemes"] = _SCHEMES
        for path, resource in said["paths"].items():
            if path.startswith("/v1/") or path == "/metrics":
                for operation in resource.values():
                    operation["security"] = [{}, *({name: []} for name in _SCHEMES)]
        return said

    return openapi
