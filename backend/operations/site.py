"""Settings, the activity log, the audit inbox and the header's figures."""

from __future__ import annotations

from backend.models import activity, settings
from backend.models.base import Nothing
from backend.operations.operation import ANY, SYSTEM_ONLY, Operation

GET_SETTINGS = Operation(
    "setting.get",
    0,
    "Get the platform's settings",
    "GET",
    "/v1/admin/setting",
    SYSTEM_ONLY,
    Nothing,
    lambda services: services.settings.get_settings,
    changes=False,
)

CHANGE_SETTINGS = Operation(
    "setting.change",
    0,
    "Change the platform's settings",
    "PUT",
    "/v1/admin/setting",
    SYSTEM_ONLY,
    settings.ChangeSettings,
    lambda services: services.settings.change_settings,
)

LIST_ACTIVITY = Operation(
    "activity.list",
    0,
    "List the activity log",
    "GET",
    "/v1/admin/activity",
    SYSTEM_ONLY,
    activity.ListActivity,
    lambda services: services.activity.list_activity,
    changes=False,
)

LIST_INBOX = Operation(
    "inbox.list",
    0,
    "List what waits for an audit",
    "GET",
    "/v1/admin/inbox",
    SYSTEM_ONLY,
    activity.ListInbox,
    lambda services: services.activity.list_inbox,
    changes=False,
)

GET_SUMMARY = Operation(
    "site.summary",
    0,
    "Get the site's figures",
    "GET",
    "/v1/summary",
    ANY,
    Nothing,
    lambda services: services.activity.summary,
    changes=False,
)

SITE_OPERATIONS = (
    GET_SETTINGS,
    CHANGE_SETTINGS,
    LIST_ACTIVITY,
    LIST_INBOX,
    GET_SUMMARY,
)
