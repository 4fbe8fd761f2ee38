"""Label and field selectors: parsed with the real server's complaints, and matched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from backend.sandbox.cluster.documents import Document, JsonValue, mapping, strings
from backend.sandbox.cluster.kinds import ResourceKind
from backend.sandbox.cluster.status import ApiError, bad_request, quoted
from backend.sandbox.cluster.validation import key_faults, value_faults

_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
_SIGNS = frozenset({"=", "==", "!=", "!", "(", ")", ",", "<", ">"})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label: `operator` is `in`, `notin`, `exists`, `!`, `>` or `<`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels meets the condition; `notin` holds where the label is absent."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        if self.operator == "notin":
            return value not in self.values
        if value is None:
            return False
        if self.operator == "in":
            return value in self.values
        if not re.fullmatch(r"[-+]?\d+", value):
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == ">" else int(value) < bound


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Conditions that must all hold; none selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether all conditions hold."""
        return all(requirement.matches(labels) for requirement in self.requirements)


class _Tokens:
    def __init__(self, selector: str) -> None:
        self._tokens = _TOKEN.findall(selector)
        self._next = 0

    def peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self._next += 1
        return token


def _unparsable(why: str) -> ApiError:
    return bad_request(f"unable to parse requirement: {why}")


def parse_label_selector(selector: str) -> LabelSelector:
    """The selector in `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1` form; 400 where it cannot be read."""
    tokens = _Tokens(selector)
    requirements: list[Requirement] = []
    while tokens.peek():
        requirements.append(_requirement(tokens))
        separator = tokens.take()
        if separator == "":
            break
        if separator != ",":
            raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
        if not tokens.peek():
            raise bad_request("found '', expected: identifier after ','")
    return LabelSelector(tuple(requirements))


def _requirement(tokens: _Tokens) -> Requirement:
    absent = tokens.peek() == "!"
    if absent:
        tokens.take()
    key = tokens.take()
    if key in _SIGNS:
        raise bad_request(f"found '{key}', expected: !, identifier, or 'end of string'")
    fault = next(key_faults(key), "")
    if fault:
        raise _unparsable(f"key: Invalid value: {quoted(key)}: {fault}")
    following = tokens.peek()
    if absent or following in {"", ","}:
        return Requirement(key, "!" if absent else "exists")
    return _comparison(tokens, key)


def _comparison(tokens: _Tokens, key: str) -> Requirement:
    operator = tokens.take()
    if operator in {"in", "notin"}:
        values = _value_set(tokens)
    elif operator in {"=", "==", "!=", ">", "<"}:
        # A sign with nothing behind it asks for the empty value.
        values = ("" if tokens.peek() in {"", ","} else tokens.take(),)
    else:
        raise _unparsable(f"found '{operator}', expected: {', '.join(_OPERATORS)}")
    if operator in {">", "<"} and not re.fullmatch(r"[-+]?\d+", values[0]):
        raise _unparsable(
            f"values[0]: Invalid value: {quoted(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer"
        )
    for index, value in enumerate(values):
        fault = next(value_faults(value), "")
        if fault:
            raise _unparsable(f"values[{index}][{key}]: Invalid value: {quoted(value)}: {fault}")
    same = {"=": "in", "==": "in", "!=": "notin"}
    return Requirement(key, same.get(operator, operator), values)


def _value_set(tokens: _Tokens) -> tuple[str, ...]:
    opening = tokens.take()
    if opening != "(":
        raise _unparsable(f"found '{opening}' expected: '('")
    values: list[str] = []
    while True:
        token = tokens.peek()
        if token in {",", ")"}:
            values.append("")
        else:
            values.append(tokens.take())
        separator = tokens.take()
        if separator == ")":
            return tuple(sorted(set(values)))
        if separator != ",":
            raise _unparsable(f"found '{separator}', expected: ',' or ')'")


def selector_of(structure: JsonValue) -> LabelSelector | None:
    """The `LabelSelector` structure of a workload or a budget, parsed; None where it is absent (selects nothing)."""
    if not isinstance(structure, dict):
        return None
    document: Document = structure
    found = [Requirement(key, "in", (value,)) for key, value in strings(document.get("matchLabels")).items()]
    expressions = document.get("matchExpressions")
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for expression in expressions if isinstance(expressions, list) else []:
        members = mapping(expression)
        values = members.get("values")
        texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        operator = operators.get(str(members.get("operator")), "in")
        found.append(Requirement(str(members.get("key", "")), operator, tuple(texts)))
    return LabelSelector(tuple(found))


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Conditions on fields, `(field, equal, value)`, that must all hold."""

    terms: tuple[tuple[str, bool, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches(self, field_of: Callable[[str], str]) -> bool:
        """Whether all conditions hold; `field_of` gives a field's value, empty where it is absent."""
        return all((field_of(field) == value) is equal for field, equal, value in self.terms)


def parse_field_selector(kind: ResourceKind, selector: str) -> FieldSelector:
    """The selector in `metadata.name=a,status.phase!=b` form; 400 where it cannot be read or the field is not known."""
    return FieldSelector(tuple(_terms(kind, selector)))


def _terms(kind: ResourceKind, selector: str) -> Iterator[tuple[str, bool, str]]:
    known = ["metadata.name", *(["metadata.namespace"] if kind.namespaced else []), *kind.selectable]
    for term in selector.split(","):
        if not term:
            continue
        split = re.fullmatch(r"([^=!]*)(==|!=|=)(.*)", term)
        if split is None:
            raise bad_request(f"invalid selector: '{selector}'; can't understand '{term}'")
        field, operator, value = split.groups()
        if field not in known and field != "metadata.namespace":
            if kind.selectable:
                raise bad_request(f"field label not supported: {field}")
            raise bad_request(
                f'{quoted(field)} is not a known field selector: only "metadata.name", "metadata.namespace"'
            )
        yield field, operator != "!=", value
