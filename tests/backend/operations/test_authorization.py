"""Who may call what: every operation with every role, against the documents' table written out here."""

from __future__ import annotations

from dataclasses import dataclass, field

import jwt
import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Outcome, Role
from backend.operations import OPERATIONS, Operation
from backend.operations.accounts import GET_AUTHORIZATION, LIST_USERS
from backend.security import tokens
from backend.security.roles import ROLE_NAMES
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal

ANYONE_LOGGED_IN = frozenset({0, 1, 2, 3, 4})
WITHOUT_TOKEN: frozenset[int] = frozenset({-1})


@dataclass(frozen=True)
class Row:
    """Which roles may call, with which parameters, and the code that each caller who may is answered.

    The parameters are well formed but name nothing that exists, so that calls change as little as can be.
    """

    roles: frozenset[int]
    code: int = 200
    parameters: dict[str, JsonValue] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)


USER: dict[str, JsonValue] = {
    "user": "newcomer",
    "password": PASSWORD,
    "phone": "555",
    "isAdmin": False,
    "realName": "New",
}
NODES: dict[str, JsonValue] = {"nodeName": ["none"], "nodeLabel": "edge", "clusterName": "none"}
CLUSTERS: dict[str, JsonValue] = {"clusterName": ["none"]}

TABLE = {
    # The documents' operations, by number.
    "session.login": Row(WITHOUT_TOKEN, 401, {"user": "nobody", "password": "x"}),
    "session.update": Row(ANYONE_LOGGED_IN),
    "user.register": Row(WITHOUT_TOKEN, 200, {**USER}),
    "user.change_password": Row(ANYONE_LOGGED_IN, 403, {"oldPassword": "wrong", "password": PASSWORD}),
    "user.delete": Row(frozenset({3, 4}), 404, {"userid": 999}),
    "user.reset_password": Row(frozenset({3, 4}), 404, {"userId": 999, "password": PASSWORD}),
    "user.list": Row(frozenset({3, 4})),
    "user.audit": Row(frozenset({4}), 404, {"userId": 999, "status": 1}),
    "session.logout": Row(ANYONE_LOGGED_IN),
    "session.get": Row(ANYONE_LOGGED_IN),
    "user.create": Row(frozenset({3, 4}), 404, {**USER, "businessId": 999}),
    "business.create": Row(
        frozenset({1, 3}), 200, {"name": "n", "introduce": "i", "objective": "o", "scale": "s"}, {3: 409}
    ),
    "business.list": Row(frozenset({1, 2, 3, 4})),
    "business.get": Row(frozenset({1, 2, 3, 4}), 404, {"id": 999}),
    "business.audit": Row(frozenset({4}), 404, {"id": 999, "comment": "c", "status": 1}),
    "cluster.list": Row(frozenset({2, 3, 4})),
    "cluster.add_label": Row(frozenset({4}), 404, {**CLUSTERS, "clusterLabel": "edge"}),
    "cluster.delete_label": Row(frozenset({4}), 404, {**CLUSTERS, "clusterLabel": "edge"}),
    "cluster.labels": Row(frozenset({2, 3, 4})),
    "cluster.labels_of": Row(frozenset({2, 3, 4}), 404, {"clusterName": "none"}),
    "node.list": Row(frozenset({2, 3, 4})),
    "node.add_label": Row(frozenset({4}), 404, NODES),
    "node.delete_label": Row(frozenset({4}), 404, NODES),
    "node.labels": Row(frozenset({2, 3, 4})),
    # Extensions.
    "user.get": Row(frozenset({3, 4}), 404, {"userid": 999}),
    "business.retire": Row(frozenset({4}), 404, {"id": 999}),
    "business.namespaces": Row(frozenset({1, 2, 3, 4}), 404, {"id": 999}),
    "cluster.add": Row(frozenset({4}), 422, {"clusterName": "new", "kubeconfig": "nonsense"}),
    "cluster.remove": Row(frozenset({4}), 404, CLUSTERS),
    "cluster.test": Row(frozenset({4}), 422, {"clusterName": "new", "kubeconfig": "nonsense"}),
    "cluster.contexts": Row(frozenset({4}), 422, {"kubeconfig": "nonsense"}),
    "cluster.get": Row(frozenset({2, 3, 4}), 404, {"clusterName": "none"}),
    "cluster.refresh": Row(frozenset({4}), 404, CLUSTERS),
    "setting.get": Row(frozenset({4})),
    "setting.change": Row(frozenset({4})),
    "activity.list": Row(frozenset({4})),
    "inbox.list": Row(frozenset({4})),
    "site.summary": Row(ANYONE_LOGGED_IN),
}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


async def code_of(site: Site, operation: Operation[object], user: str) -> tuple[int, str]:
    """The code and the reason of a call with the table's parameters."""
    try:
        await site.call(operation, user, **TABLE[operation.id].parameters)
    except PlatformError as error:
        return error.code, error.reason
    return 200, ""


def test_every_operation_has_its_row_and_every_row_its_operation() -> None:
    assert sorted(TABLE) == sorted(operation.id for operation in OPERATIONS)


@every_operation
async def test_every_role_is_answered_as_the_documents_say(site: Site, operation: Operation[object]) -> None:
    row = TABLE[operation.id]
    cast = await site.cast()
    for role, user in cast.items():
        code, reason = await code_of(site, operation, user)
        if row.roles == WITHOUT_TOKEN:
            expected = row.code if role is Role.PENDING or row.code != 200 else 409  # only the first is new
        else:
            expected = row.codes.get(role, row.code) if role in row.roles else 403
        assert code == expected, (ROLE_NAMES[role], reason)
        assert (reason == "role_forbidden") == (role not in row.roles and row.roles != WITHOUT_TOKEN)


@every_operation
async def test_without_a_token_only_log_in_and_registration_work(site: Site, operation: Operation[object]) -> None:
    code, reason = await code_of(site, operation, "")
    if operation.id == "user.register":
        assert code == 200
    elif operation.id == "session.login":
        assert (code, reason) == (401, "login_failed")
    else:
        assert (code, reason) == (401, "token_invalid")


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.callers is not None], ids=lambda op: op.id)
async def test_a_token_is_proved_before_anything_else(site: Site, operation: Operation[object]) -> None:
    revoked, foreign = await site.login(ADMINISTRATOR), await site.login(ADMINISTRATOR)
    await site.call(GET_AUTHORIZATION, ADMINISTRATOR)
    connection = site.outside()
    connection.execute("DELETE FROM session WHERE token_id = ?", (tokens_id(revoked),))
    connection.close()
    for token in ("", "x", "Bearer ", revoked, foreign[:-4] + "AAAA", foreign.replace(".", "..", 1)):
        with pytest.raises(PlatformError) as error:
            # Parameters that are wrong, too: who calls is asked first.
            await site.with_token(token, operation, nonsense=True)
        assert is_refusal(error.value, ErrorKind.UNAUTHENTICATED, "token_invalid")


def tokens_id(token: str) -> str:
    """The id inside a token."""
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])


@every_operation
async def test_a_role_is_checked_before_the_parameters(site: Site, operation: Operation[object]) -> None:
    cast = await site.cast()
    for role, user in cast.items():
        error = await site.refusal(operation, user, nonsense=True)
        row = TABLE[operation.id]
        if role in row.roles or row.roles == WITHOUT_TOKEN:
            assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
        else:
            assert is_refusal(error, ErrorKind.FORBIDDEN, "role_forbidden")


@every_operation
async def test_refused_changes_are_recorded_and_refused_looks_are_not(site: Site, operation: Operation[object]) -> None:
    row = TABLE[operation.id]
    for role, user in (await site.cast()).items():
        if role in row.roles or row.roles == WITHOUT_TOKEN:
            continue
        before = len(await site.activity(outcome="refused"))
        error = await site.refusal(operation, user, **row.parameters)
        refused = (await site.activity(outcome="refused"))[before:]
        if not operation.changes:
            assert refused == []
            continue
        assert [(entry.user, entry.role, entry.action, entry.outcome) for entry in refused] == [
            (user, role, operation.id, Outcome.REFUSED)
        ]
        assert refused[0].message == error.message


async def test_the_refusal_names_the_roles_that_may_and_ones_own(site: Site) -> None:
    await site.approved("una")
    error = await site.refusal(LIST_USERS, "una")
    assert error.message == (
        "List users is for: business administrator or system administrator. You are: approved, without business."
    )


async def test_a_token_is_good_for_its_hour_and_not_a_second_longer(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    site.clock.time += tokens.LIFETIME_SECONDS - 1
    await site.with_token(token, GET_AUTHORIZATION)
    site.clock.time += 1
    with pytest.raises(PlatformError) as error:
        await site.with_token(token, GET_AUTHORIZATION)
    assert is_refusal(error.value, ErrorKind.UNAUTHENTICATED, "token_invalid")


async def test_a_token_may_be_written_with_the_word_bearer(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    answer = await site.with_token(f"Bearer {token}", GET_AUTHORIZATION)
    assert answer.data.display_name == ADMINISTRATOR


async def test_a_token_of_another_site_is_refused(site: Site) -> None:
    claims = tokens.new_claims(1, ADMINISTRATOR, 4, site.clock.now())
    with pytest.raises(PlatformError) as error:
        await site.with_token(tokens.sign(claims, b"another site's signing key......"), GET_AUTHORIZATION)
    assert error.value.reason == "token_invalid"


async def test_the_role_inside_a_token_counts_for_nothing(site: Site) -> None:
    await site.approved("una")
    key = await site.engine.services.sessions._signing_key()
    claims = tokens.read(await site.login("una"), key)
    forged = tokens.Claims(claims.token_id, claims.user_id, "root-admin", 4, claims.issued_at, claims.expires_at)
    with pytest.raises(PlatformError) as error:
        await site.with_token(tokens.sign(forged, key), LIST_USERS)
    assert is_refusal(error.value, ErrorKind.FORBIDDEN, "role_forbidden")


async def test_a_token_for_one_user_with_the_id_of_anothers_session_is_refused(site: Site) -> None:
    await site.approved("una")
    key = await site.engine.services.sessions._signing_key()
    claims = tokens.read(await site.login("una"), key)
    forged = tokens.Claims(claims.token_id, 1, "root-admin", 4, claims.issued_at, claims.expires_at)
    with pytest.raises(PlatformError) as error:
        await site.with_token(tokens.sign(forged, key), GET_AUTHORIZATION)
    assert error.value.reason == "token_invalid"
