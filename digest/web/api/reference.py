"""The API described: ``/api/openapi.json`` (OpenAPI 3.1) and ``/api``, a page of the same for people.

Schemas are made by pydantic from the classes that read the parameters and write the answers, so they can't differ from
what is done. FastAPI would have brought routing, threads and errors of its own beside those that all pages have.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from digest import __version__
from digest.web.api.answers import Problem
from digest.web.api.endpoints import ENDPOINTS, JSON, SAME_FOR_ALL, Endpoint
from digest.web.routes import Answer, Asked, Document, Page, data, page

_REF: Final = "#/components/schemas/{model}"
_ERRORS: Final = {
    "400": "A parameter is not as it should be",
    "404": "There is no such paper",
    "429": "Too often; Retry-After says for how long",
    "503": "The database is busy; Retry-After says for how long",
}


def openapi(asked: Asked) -> Document:
    """``/api/openapi.json``."""
    site = asked.site
    described = document(title=site.config.site.name, server=site.urls.absolute("/").rstrip("/"))
    return Document(body=orjson.dumps(described), media_type=JSON, headers=SAME_FOR_ALL)


def show(asked: Asked) -> Answer:
    """``/api``."""
    return Page(
        template="api.html.j2",
        values={
            "endpoints": [
                {"path": one.path, "says": one.says, "example": one.example, "parameters": parameters(one)}
                for one in ENDPOINTS
            ]
        },
    )


def document(*, title: str, server: str) -> dict[str, Any]:
    """The whole description."""
    from pydantic import TypeAdapter

    adapters = [(one.name, "serialization", one.answer) for one in ENDPOINTS]
    problem = ("problem", "serialization", TypeAdapter(Problem))
    schemas, definitions = TypeAdapter.json_schemas([*adapters, problem], ref_template=_REF)  # type: ignore[list-item]
    answers = {name: schema for (name, _), schema in schemas.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{title}: API",
            "version": __version__,
            "description": "Papers in the shape of Hugging Face's api/daily_papers, for programs written for it too.",
        },
        "servers": [{"url": server}],
        "paths": {one.path: {"get": _operation(one, answers)} for one in ENDPOINTS},
        "components": {"schemas": definitions["$defs"]},
    }


def _operation(endpoint: Endpoint, answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    headers = {"ETag": {"schema": {"type": "string"}}, "Cache-Control": {"schema": {"type": "string"}}}
    good = {"description": "Found", "headers": headers, "content": {JSON: {"schema": answers[endpoint.name]}}}
    problem = {JSON: {"schema": answers["problem"]}}
    expected = {code: said for code, said in _ERRORS.items() if code != "404" or endpoint.question is None}
    if endpoint.question is None:
        del expected["400"]
    return {
        "operationId": endpoint.name,
        "summary": endpoint.says,
        "parameters": parameters(endpoint),
        "responses": {
            "200": good,
            "304": {"description": "As the ETag says that you have it"},
            **{code: {"description": said, "content": problem} for code, said in expected.items()},
        },
    }


def parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    """As OpenAPI describes them."""
    if endpoint.question is None:
        said = "An arXiv id, a DOI, another name, or the paper's number here"
        return [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": said}]
    properties: dict[str, dict[str, Any]] = endpoint.question.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": _schema(given),
            "description": " ".join(str(given.get("description", "")).split()),
        }
        for name, given in properties.items()
    ]


def _schema(given: dict[str, Any]) -> dict[str, Any]:
    """What is sent is never null: a parameter is left out instead."""
    known = {key: value for key, value in given.items() if key not in {"title", "description", "anyOf"}}
    if known.get("default", ...) is None:
        del known["default"]
    for one in given.get("anyOf", ()):
        if one != {"type": "null"}:
            known |= one
    return known


ROUTES = (
    data("/api/openapi.json", openapi),
    page("/api", show, public=True),
    *(endpoint.route() for endpoint in ENDPOINTS),
)
