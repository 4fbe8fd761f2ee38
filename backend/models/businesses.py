"""Businesses and where their namespaces are (operations 12-15)."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import Field

from backend.models.base import Comment, Id, Line, Name, Order, Paged, Prose, Request, Wire


class BusinessStatus(IntEnum):
    """Where a business's application stands."""

    PENDING = 0
    APPROVED = 1
    DISAPPROVED = 2
    DELETED = 3


class CreateBusiness(Request):
    """Operation 12."""

    name: Name
    introduce: Prose
    objective: Prose
    scale: Prose


class ListBusinesses(Paged):
    """Operation 13; `status` is an extension."""

    order_by: Literal["id"] = "id"
    order: Order = "asc"
    name: Line = ""
    status: BusinessStatus | None = None


class GetBusiness(Request):
    """Operation 14, and the extensions that take a business's id."""

    id: Id


class AuditBusiness(Request):
    """Operation 15."""

    id: Id
    comment: Comment
    status: Annotated[int, Field(ge=1, le=2)]


class Business(Wire):
    """A row of operation 13; `userName` is an extension."""

    id: int
    name: str
    user_id: int
    comment: str
    status: BusinessStatus
    create_time: int
    update_time: int
    user_name: str


class BusinessDetail(Business):
    """Operation 14; `namespace` is an extension."""

    introduce: str
    objective: str
    scale: str
    namespace: str


class NamespaceDelivery(Wire):
    """The state of one business's namespace on one cluster."""

    business_id: int
    business_name: str
    cluster_name: str
    namespace: str
    state: Literal["delivered", "waiting", "conflict"]
    attempts: int
    message: str
    update_time: int
