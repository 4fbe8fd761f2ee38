"""The operation table is whole: every operation is complete, found by its path, and tested."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from backend.dispatch import find_operation
from backend.models.base import Request, Role
from backend.operations import OPERATIONS, Operation, accounts, businesses, clusters, nodes, site
from tests.backend.sites import Site

TESTS = Path(__file__).resolve().parents[2]
# These go through all operations alike, so they say nothing of any one.
NOT_COUNTED = {"test_table.py", "test_authorization.py"}

DOCUMENTED = {
    1: ("POST", "/v1/authorization"),
    2: ("PUT", "/v1/authorization"),
    3: ("POST", "/v1/user"),
    4: ("PUT", "/v1/user"),
    5: ("DELETE", "/v1/admin/user/{userid}"),
    6: ("PUT", "/v1/admin/user/{userId}/password"),
    7: ("GET", "/v1/admin/user"),
    8: ("PUT", "/v1/admin/user/{userId}"),
    9: ("DELETE", "/v1/authorization"),
    10: ("GET", "/v1/authorization"),
    11: ("POST", "/v1/admin/user"),
    12: ("POST", "/v1/business"),
    13: ("GET", "/v1/business"),
    14: ("GET", "/v1/business/id/{id}"),
    15: ("PUT", "/v1/business/id/{id}"),
    16: ("GET", "/v1/cluster"),
    17: ("POST", "/v1/cluster/label"),
    18: ("DELETE", "/v1/cluster/label"),
    19: ("GET", "/v1/cluster/label"),
    20: ("GET", "/v1/cluster/label/{clusterName}"),
    21: ("GET", "/v1/node"),
    22: ("POST", "/v1/node/label"),
    23: ("DELETE", "/v1/node/label"),
    24: ("GET", "/v1/node/label"),
}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


def constants() -> dict[str, Operation[object]]:
    """Every operation by the name that it has in its module."""
    return {
        name: value
        for module in (accounts, businesses, clusters, nodes, site)
        for name, value in vars(module).items()
        if isinstance(value, Operation)
    }


def words_of_tests() -> set[str]:
    """Every name that the tests' functions use."""
    words: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        if path.name in NOT_COUNTED:
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Name):
                    words.add(node.id)
                elif isinstance(node, ast.Attribute):
                    words.add(node.attr)
    return words


def test_every_documented_operation_is_there_under_its_method_and_path() -> None:
    numbered = {op.number: (op.method, op.path) for op in OPERATIONS if op.number}
    assert numbered == DOCUMENTED
    assert len([op for op in OPERATIONS if op.number]) == len(DOCUMENTED)


def test_the_table_holds_every_operation_of_the_modules_once() -> None:
    assert sorted(op.id for op in constants().values()) == sorted(op.id for op in OPERATIONS)


def test_ids_are_unique_and_written_as_domain_and_verb() -> None:
    ids = [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert [identifier for identifier in ids if not re.fullmatch(r"[a-z]+\.[a-z_]+", identifier)] == []


def test_a_method_and_path_belong_to_one_operation() -> None:
    # Names of parameters do not tell paths apart.
    ways = sorted(
        (operation.method, re.sub(r"\{\w+\}", "{}", path))
        for operation in OPERATIONS
        for path in (operation.path, *operation.aliases)
    )
    assert [first for first, second in pairwise(ways) if first == second] == []


@every_operation
def test_an_operation_is_complete(operation: Operation[object]) -> None:
    assert operation.title
    assert operation.title[0].isupper()
    assert operation.method in {"GET", "POST", "PUT", "DELETE"}
    assert operation.path.startswith("/v1/")
    assert issubclass(operation.request, Request)
    assert operation.request.model_config.get("extra") == "forbid"
    assert operation.method != "GET" or not operation.changes
    if operation.callers is not None:
        assert operation.callers
        assert operation.callers <= set(Role)


@every_operation
def test_the_parameters_of_the_path_are_required_parameters_of_the_request(operation: Operation[object]) -> None:
    required = {field.alias for field in operation.request.model_fields.values() if field.is_required()}
    for path in (operation.path, *operation.aliases):
        assert set(re.findall(r"\{(\w+)\}", path)) <= required


@every_operation
async def test_an_operation_has_a_handler_that_says_what_it_does(site: Site, operation: Operation[object]) -> None:
    handler = operation.handler(site.engine.services)
    assert callable(handler)
    assert (handler.__doc__ or "").strip()


@every_operation
def test_an_operation_is_found_by_its_method_and_path(operation: Operation[object]) -> None:
    for path in (operation.path, *operation.aliases):
        found, values, query = find_operation(operation.method.lower(), re.sub(r"\{\w+\}", "7", path))
        assert found is operation
        assert sorted(values) == sorted(re.findall(r"\{(\w+)\}", path))
        assert query == {}


def test_every_operation_is_called_by_name_in_some_test() -> None:
    words = words_of_tests()
    untested = [
        name
        for name, operation in constants().items()
        # By its name in the table, or by the name of the service's method that does it.
        if name not in words and operation.handler.__code__.co_names[-1] not in words
    ]
    assert untested == []
