"""The operations of the service as its OpenAPI document tells of them, ready to be read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
# A larger bound is what the machine holds, and nothing that a reader would run into.
_NO_BOUND = 2**31 - 1
_BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "maxLength": "at most {} characters",
    "maxItems": "at most {} items",
}
Node = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A parameter, a field of a body, or a column of a table."""

    name: str
    where: str
    kind: str
    words: tuple[str, ...]
    bounds: str
    required: bool
    default: str
    meaning: str
    example: Any = None


@dataclass(frozen=True)
class Content:
    """A body: the types it may have, its fields, and (media type, example) of each example."""

    media: tuple[str, ...]
    entries: list[Entry]
    examples: list[tuple[str, Any]]


@dataclass(frozen=True)
class Answer:
    """A status that an operation answers with."""

    code: str
    meaning: str
    content: Content


@dataclass(frozen=True)
class Operation:
    """A method of a path."""

    method: str
    path: str
    anchor: str
    summary: str
    description: str
    scope: str
    parameters: list[Entry]
    body: Content
    answers: list[Answer]

    @property
    def successes(self) -> list[Answer]:
        """The answers that are no error, the usual one first."""
        return [answer for answer in self.answers if answer.code < "400"]

    @property
    def errors(self) -> list[Answer]:
        """The answers that are errors."""
        return sorted((answer for answer in self.answers if answer.code >= "400"), key=lambda answer: answer.code)


def operations(document: Node) -> dict[str, list[Operation]]:
    """Operations of an OpenAPI document by tag, in the document's order.

    Parameters
    ----------
    document : dict
        OpenAPI 3.1, as FastAPI makes it.

    Returns
    -------
    dict
        Tag to operations; one of several tags stands under its first.

    Examples
    --------
    >>> count = {"name": "count", "in": "query", "schema": {"type": "integer", "maximum": 9, "default": 5}}
    >>> asked = {"tags": ["tables"], "parameters": [count], "responses": {"200": {"description": "Rows."}}}
    >>> (found,) = operations({"paths": {"/v1/neighbours/{name}": {"get": asked}}})["tables"]
    >>> found.anchor, found.parameters[0].bounds, found.parameters[0].default
    ('get-v1-neighbours-name', '≤ 9', '5')
    """
    reader = _Reader(document)
    found: dict[str, list[Operation]] = {}
    for path, resource in document["paths"].items():
        for method in resource:
            if method in _METHODS:
                for tag in resource[method].get("tags", ["other"])[:1]:
                    found.setdefault(tag, []).append(reader.operation(method, path, resource[method]))
    return found


@dataclass(frozen=True)
class _Reader:
    """Reads nodes of a document, whose references it follows."""

    document: Node

    def operation(self, method: str, path: str, said: Node) -> Operation:
        answers = said["responses"].items()
        scopes = {scope for way in said.get("security", ()) for roles in way.values() for scope in roles}
        return Operation(
            method=method.upper(),
            path=path,
            anchor="-".join([method, *path.replace("{", "").replace("}", "").strip("/").split("/")]),
            summary=said.get("summary", path),
            description=said.get("description", ""),
            scope=", ".join(sorted(scopes)),
            parameters=[self.parameter(parameter) for parameter in said.get("parameters", ())],
            body=self.content(said.get("requestBody", {})),
            answers=[Answer(code, told["description"], self.content(told)) for code, told in answers],
        )

    def parameter(self, said: Node) -> Entry:
        schema = {"description": said.get("description", ""), **said["schema"]}
        return self.entry(said["name"], schema, said.get("required", False), said["in"])

    def content(self, said: Node) -> Content:
        media = said.get("content", {})
        entries: dict[str, Entry] = {}
        examples: list[tuple[str, Any]] = []
        for kind, body in media.items():
            schema = self.resolved(body.get("schema", {}))
            for entry in self.fields(schema):
                entries.setdefault(entry.name, entry)
            told = [schema, *(self.resolved(choice) for choice in schema.get("anyOf", ()))]
            given = [example for each in told for example in each.get("examples", ())]
            examples += [(kind, example) for example in ([body["example"]] if "example" in body else given)]
        return Content(tuple(media), list(entries.values()), examples)

    def fields(self, schema: Node, within: str = "", chosen: bool = False) -> Iterator[Entry]:
        """Fields of an object, of what it holds, and of each object it may be instead; those of a choice may lack."""
        schema = self.resolved(schema)
        for choice in schema.get("anyOf", ()):
            yield from self.fields(choice, within, chosen=True)
        if "items" in schema:
            # A list of rows is a table: its fields are columns, and go by their own names.
            yield from self.fields(schema["items"], f"{within.rstrip('.')}[]." if within else "")
        for name, field in schema.get("properties", {}).items():
            yield self.entry(within + name, field, name in schema.get("required", ()) and not chosen)
            yield from self.fields(field, f"{within}{name}.")

    def entry(self, name: str, schema: Node, required: bool, where: str = "") -> Entry:
        whole = {**self.resolved(schema), **schema}
        kinds = [kind for kind in dict.fromkeys(self.kinds(whole)) if required or kind != "null"]
        parts = list(self.parts(whole))
        default = whole.get("default")
        bounds = [
            text.format(f"{part[key]:,.10g}")
            for part in parts
            for key, text in _BOUNDS.items()
            if key in part and part[key] < _NO_BOUND
        ]
        examples = whole.get("examples") or [None]
        return Entry(
            name=name,
            where=where,
            kind=" or ".join(kinds),
            words=tuple(dict.fromkeys(str(word) for part in parts for word in part.get("enum", ()))),
            bounds=", ".join(dict.fromkeys(bounds)),
            required=required,
            default="" if default in (None, []) else json.dumps(default, ensure_ascii=False).strip('"'),
            meaning=whole.get("description", ""),
            example=examples[0],
        )

    def kinds(self, schema: Node) -> Iterator[str]:
        """Types that a value may have, in words."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            for choice in schema["anyOf"]:
                yield from self.kinds(choice)
        elif schema.get("type") == "array":
            held = list(dict.fromkeys(self.kinds(schema.get("items", {}))))
            several = f"({' or '.join(held)})" if len(held) > 1 else "".join(held)
            yield f"list of {several}" if several else "list"
        elif schema.get("format") == "date-time":
            yield "date and time"
        elif "type" in schema:
            yield schema["type"]

    def parts(self, schema: Node) -> Iterator[Node]:
        """A schema and those it is made of, which may each bound the value; objects have fields of their own."""
        schema = self.resolved(schema)
        yield schema
        for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
            yield from self.parts(part)

    def resolved(self, schema: Node) -> Node:
        if "$ref" not in schema:
            return schema
        found: Any = self.document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found
