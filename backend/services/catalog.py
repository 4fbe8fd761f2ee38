"""All services of a running engine, by name."""

from __future__ import annotations

from dataclasses import dataclass

from backend.services.accounts import Accounts
from backend.services.activity import Activity
from backend.services.businesses import Businesses
from backend.services.clusters import Clusters
from backend.services.nodes import Nodes
from backend.services.sessions import Sessions
from backend.services.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the operation table's handlers are picked from."""

    accounts: Accounts
    activity: Activity
    businesses: Businesses
    clusters: Clusters
    nodes: Nodes
    sessions: Sessions
    settings: Settings
