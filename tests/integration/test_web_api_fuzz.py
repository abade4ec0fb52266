"""Schemathesis asks the API, as its own description says and otherwise: no 5xx, and answers as they are described."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok

from tests.integration.test_web_papers import PAPERS
from tests.support.served import served
from tests.support.web import web

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""Not whether everything that is wrong is refused: a parameter without a value is one that was not sent."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # Loaded late by schemathesis itself, and rewritten by pytest: in Python 3.11 a second thread that compiles at that
    # moment, as the server's does, makes one of both fail (python/cpython#106905).
    importlib.import_module("schemathesis.specs.openapi.schemas")
    with web(tmp_path_factory.mktemp("fuzz"), *PAPERS) as (_, app), served(app) as address:
        yield address


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_schemathesis_finds_no_5xx(base: str, mode: GenerationMode) -> None:
    """Whatever is asked, the answer is one that the description has."""
    schema = schemathesis.openapi.from_url(f"{base}/api/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    cases = [operation.as_strategy(generation_mode=mode) for operation in operations]
    assert len(cases) == 3

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.one_of(cases))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(base_url=base, checks=CHECKS)

    ask()
