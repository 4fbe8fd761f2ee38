"""Queries of platform settings and boxed secrets."""

from __future__ import annotations

import json

from pydantic import JsonValue

from backend.store.database import Transaction


def all_settings(transaction: Transaction) -> dict[str, JsonValue]:
    """Every stored setting by its wire name; what was never changed is not there."""
    return {row["name"]: json.loads(row["value"]) for row in transaction.rows("SELECT name, value FROM setting")}


def put_setting(transaction: Transaction, name: str, value: JsonValue, now: int) -> None:
    """Store a setting."""
    transaction.change(
        "INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        (name, json.dumps(value), now),
    )


def get_secret(transaction: Transaction, name: str) -> bytes | None:
    """A boxed secret of the platform's own, such as the signing key."""
    row = transaction.row("SELECT boxed FROM secret WHERE name = ?", (name,))
    return None if row is None else bytes(row["boxed"])


def put_secret(transaction: Transaction, name: str, boxed: bytes) -> None:
    """Store a boxed secret."""
    transaction.change(
        "INSERT INTO secret (name, boxed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET boxed = excluded.boxed",
        (name, boxed),
    )
