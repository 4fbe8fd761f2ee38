"""The table of operations: number, method, path, who may call, request model and handler.

Everything that calls the platform goes through this table: the screens, the command line and the tests.
Authorization, validation and the README's reference are derived from it (the API documents' 51 operations).
"""

from __future__ import annotations

from backend.operations.accounts import ACCOUNTS_OPERATIONS
from backend.operations.businesses import BUSINESSES_OPERATIONS
from backend.operations.clusters import CLUSTERS_OPERATIONS
from backend.operations.nodes import NODES_OPERATIONS
from backend.operations.operation import Operation
from backend.operations.site import SITE_OPERATIONS

OPERATIONS: tuple[Operation[object], ...] = (
    *ACCOUNTS_OPERATIONS,
    *BUSINESSES_OPERATIONS,
    *CLUSTERS_OPERATIONS,
    *NODES_OPERATIONS,
    *SITE_OPERATIONS,
)
"""Every operation there is, documented ones and extensions."""

__all__ = ["OPERATIONS", "Operation"]
