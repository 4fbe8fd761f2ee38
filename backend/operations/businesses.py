"""Businesses: operations 12-15."""

from __future__ import annotations

from backend.models import businesses
from backend.operations.operation import APPLICANTS, OWNERS, SYSTEM_ONLY, Operation

CREATE_BUSINESS = Operation(
    "business.create",
    12,
    "Apply for a business",
    "POST",
    "/v1/business",
    APPLICANTS,
    businesses.CreateBusiness,
    lambda services: services.businesses.create_business,
)

LIST_BUSINESSES = Operation(
    "business.list",
    13,
    "List businesses",
    "GET",
    "/v1/business",
    OWNERS,
    businesses.ListBusinesses,
    lambda services: services.businesses.list_businesses,
    changes=False,
)

GET_BUSINESS = Operation(
    "business.get",
    14,
    "Get a business",
    "GET",
    "/v1/business/id/{id}",
    OWNERS,
    businesses.GetBusiness,
    lambda services: services.businesses.get_business,
    changes=False,
)

AUDIT_BUSINESS = Operation(
    "business.audit",
    15,
    "Audit a business",
    "PUT",
    "/v1/business/id/{id}",
    SYSTEM_ONLY,
    businesses.AuditBusiness,
    lambda services: services.businesses.audit_business,
)

RETIRE_BUSINESS = Operation(
    "business.retire",
    0,
    "Retire a business",
    "DELETE",
    "/v1/business/id/{id}",
    SYSTEM_ONLY,
    businesses.GetBusiness,
    lambda services: services.businesses.retire_business,
)

LIST_BUSINESS_NAMESPACES = Operation(
    "business.namespaces",
    0,
    "List where a business's namespace is",
    "GET",
    "/v1/business/id/{id}/namespace",
    OWNERS,
    businesses.GetBusiness,
    lambda services: services.businesses.list_namespaces,
    changes=False,
)

BUSINESSES_OPERATIONS = (
    CREATE_BUSINESS,
    LIST_BUSINESSES,
    GET_BUSINESS,
    AUDIT_BUSINESS,
    RETIRE_BUSINESS,
    LIST_BUSINESS_NAMESPACES,
)
