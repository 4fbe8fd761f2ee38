"""The README's references, made from what the program itself reads: the operation table and the key map."""

from __future__ import annotations

import re
from pathlib import Path

from backend.models.base import Role
from backend.operations import OPERATIONS, Operation
from screens.keys import REGISTRY
from screens.places import PLACES, register_actions
from widgets.actions import EVERYWHERE
from widgets.keys import keys_label

README = Path(__file__).parent.parent / "README.md"


def operations_reference() -> str:
    """A Markdown table of all operations: documented ones by number, then extensions."""
    rows = ["| # | Operation | Call | Who | Parameters |", "|---|---|---|---|---|"]
    documented = sorted((found for found in OPERATIONS if found.number), key=lambda found: found.number)
    extensions = [found for found in OPERATIONS if not found.number]
    rows += [_operation_row(found) for found in (*documented, *extensions)]
    return "\n".join(rows)


def _operation_row(operation: Operation[object]) -> str:
    fields = operation.request.model_fields
    parameters = ", ".join(f"`{field.alias}`{'*' if field.is_required() else ''}" for field in fields.values())
    call = f"`{operation.method} {operation.path}`"
    return f"| {operation.number or '+'} | {operation.title} | {call} | {_callers(operation)} | {parameters} |"


def _callers(operation: Operation[object]) -> str:
    if operation.callers is None:
        return "anyone"
    if operation.callers == frozenset(Role):
        return "any user"
    return ", ".join(str(int(role)) for role in sorted(operation.callers))


def keys_reference() -> str:
    """A Markdown table of all remappable keys: screen, key, what it does, and the id that settings name it by."""
    register_actions()
    rows = ["| Screen | Key | Does | Id |", "|---|---|---|---|"]
    for screen in REGISTRY.screens:
        title = screen if screen == EVERYWHERE else PLACES[screen].title
        for action in REGISTRY.actions(screen):
            keys = " ".join(f"`{key}`" for key in keys_label(action.key).split())
            rows.append(f"| {title} | {keys} | {action.title} | `{action.id}` |")
    return "\n".join(rows)


def put_references(text: str) -> str:
    """`text` with what stands between the marks of each reference made anew."""
    for name, content in (("operations", operations_reference()), ("keys", keys_reference())):
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text = pattern.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    README.write_text(put_references(README.read_text(encoding="utf-8")), encoding="utf-8")
