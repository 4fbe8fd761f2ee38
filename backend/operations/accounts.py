"""Log-in, tokens and users: operations 1-11."""

from __future__ import annotations

from backend.models import accounts
from backend.models.base import Nothing
from backend.operations.operation import ADMINISTRATORS, ANY, SYSTEM_ONLY, Operation

LOGIN = Operation(
    "session.login",
    1,
    "Log in",
    "POST",
    "/v1/authorization",
    None,
    accounts.Login,
    lambda services: services.sessions.login,
    changes=False,
)

UPDATE_TOKEN = Operation(
    "session.update",
    2,
    "Update the token",
    "PUT",
    "/v1/authorization",
    ANY,
    Nothing,
    lambda services: services.sessions.update,
)

REGISTER = Operation(
    "user.register",
    3,
    "Register",
    "POST",
    "/v1/user",
    None,
    accounts.Register,
    lambda services: services.accounts.register,
)

CHANGE_PASSWORD = Operation(
    "user.change_password",
    4,
    "Change one's own password",
    "PUT",
    "/v1/user",
    ANY,
    accounts.ChangePassword,
    lambda services: services.accounts.change_password,
)

DELETE_USER = Operation(
    "user.delete",
    5,
    "Delete a user",
    "DELETE",
    "/v1/admin/user/{userid}",
    ADMINISTRATORS,
    accounts.DeleteUser,
    lambda services: services.accounts.delete_user,
)

RESET_PASSWORD = Operation(
    "user.reset_password",
    6,
    "Reset a user's password",
    "PUT",
    "/v1/admin/user/{userId}/password",
    ADMINISTRATORS,
    accounts.ResetPassword,
    lambda services: services.accounts.reset_password,
)

LIST_USERS = Operation(
    "user.list",
    7,
    "List users",
    "GET",
    "/v1/admin/user",
    ADMINISTRATORS,
    accounts.ListUsers,
    lambda services: services.accounts.list_users,
    changes=False,
)

AUDIT_USER = Operation(
    "user.audit",
    8,
    "Audit a user",
    "PUT",
    "/v1/admin/user/{userId}",
    SYSTEM_ONLY,
    accounts.AuditUser,
    lambda services: services.accounts.audit_user,
)

LOGOUT = Operation(
    "session.logout",
    9,
    "Log out",
    "DELETE",
    "/v1/authorization",
    ANY,
    Nothing,
    lambda services: services.sessions.logout,
    aliases=("/v1/authorizations",),
)

GET_AUTHORIZATION = Operation(
    "session.get",
    10,
    "Get the caller's authorization",
    "GET",
    "/v1/authorization",
    ANY,
    Nothing,
    lambda services: services.sessions.info,
    changes=False,
)

CREATE_SUB_USER = Operation(
    "user.create",
    11,
    "Create a sub-user",
    "POST",
    "/v1/admin/user",
    ADMINISTRATORS,
    accounts.CreateSubUser,
    lambda services: services.accounts.create_sub_user,
)

GET_USER = Operation(
    "user.get",
    0,
    "Get a user",
    "GET",
    "/v1/admin/user/{userid}",
    ADMINISTRATORS,
    accounts.DeleteUser,
    lambda services: services.accounts.get_user,
    changes=False,
)

ACCOUNTS_OPERATIONS = (
    LOGIN,
    UPDATE_TOKEN,
    REGISTER,
    CHANGE_PASSWORD,
    DELETE_USER,
    RESET_PASSWORD,
    LIST_USERS,
    AUDIT_USER,
    LOGOUT,
    GET_AUTHORIZATION,
    CREATE_SUB_USER,
    GET_USER,
)
