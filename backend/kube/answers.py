"""What an answer of the API server means: HTTP status and Kubernetes Status object to KubeError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from backend.kube.errors import KubeError, Stage
from backend.kube.json_values import JsonObject, NotJsonError, array, decode_object, integer, member, text
from backend.kube.paths import verb_and_resource
from backend.safe_text import visible

_SHOWN = 500
_LONGEST_WAIT = 3600.0
_BAD_REQUEST, _SERVER_ERROR = 400, 500
_NOT_RETRYABLE_SERVER_ERRORS = {501, 505}
_STAGES: dict[int, Stage] = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    410: "gone",
    429: "throttled",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: HTTP status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return self.status < _BAD_REQUEST


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom. `label` starts the sentence, `credentials` names what we sign in with."""

    label: str
    method: str
    path: str
    credentials: str


def not_json(answer: Answer, asked: Asked) -> KubeError:
    """The error of an answer that should have been JSON."""
    kind = visible(answer.headers.get("content-type", "").partition(";")[0], 80) or "something"
    what = "JSON that cannot be read" if "json" in kind else f"{kind} instead of JSON"
    return KubeError(
        "protocol",
        f"{asked.label} answered {asked.path} with {what}; check that the server address is an API server's.",
        status=answer.status,
    )


def refusal(answer: Answer, asked: Asked) -> KubeError:
    """The error of an answer with a status of 400 or more."""
    try:
        status: JsonObject = decode_object(answer.body)
    except NotJsonError:
        status = {}
    said = visible(text(status, "message").strip(), _SHOWN)
    if not said and "html" not in answer.headers.get("content-type", ""):
        said = visible(answer.body[: _SHOWN * 2].decode("utf-8", "replace").strip(), _SHOWN)
    return status_error(answer.status, status, said, asked, answer.headers)


def status_error(
    code: int, status: JsonObject, said: str, asked: Asked, headers: Mapping[str, str] | None = None
) -> KubeError:
    """The error of a Kubernetes Status object, from an answer or from the middle of a watch."""
    stage: Stage = _STAGES.get(code, "server" if code >= _SERVER_ERROR else "invalid")
    verb, resource = verb_and_resource(asked.method, asked.path)
    quoted = f": {said.rstrip('.')}" if said else ""
    match stage:
        case "unauthorized":
            sentence = f"did not accept {asked.credentials}{quoted}; take a fresh kubeconfig from the cluster"
        case "forbidden":
            sentence = f"does not allow us to {verb} {resource}{quoted}; grant the account that verb on that resource"
        case "not_found":
            sentence = f"does not have {asked.path}{quoted}"
        case "conflict":
            sentence = f"refused to {verb} {resource} because of a conflict{quoted}"
        case "gone":
            sentence = f"no longer has the version of {resource} that we started from{quoted}; list it again"
        case "throttled" if budget := _cause(status, "DisruptionBudget"):
            sentence = f"keeps the pod for now: {budget}; add healthy pods or change the budget, then evict it again"
        case "throttled":
            sentence = f"asks us to slow down{quoted}; try again later"
        case "server":
            sentence = f"failed to {verb} {resource} (status {code}){quoted}; look at its API server's log"
        case _:
            sentence = f"refused to {verb} {resource} (status {code}){quoted}"
    return KubeError(
        stage,
        f"{asked.label} {sentence}.",
        status=code,
        retry_after=_retry_after(status, headers or {}),
        retryable=_retryable(stage, code, status),
        remote_reason=text(status, "reason"),
    )


def _cause(status: JsonObject, reason: str) -> str:
    """The sentence of the first cause with this reason, without its full stop, or ""."""
    found = (cause for cause in array(status, "details", "causes") if text(cause, "reason") == reason)
    return visible(text(next(found, None), "message").strip().rstrip("."), _SHOWN)


def _retryable(stage: Stage, code: int, status: JsonObject) -> bool:
    if stage == "conflict":
        causes = {text(cause, "reason") for cause in array(status, "details", "causes")}
        return text(status, "reason") != "AlreadyExists" and "FieldManagerConflict" not in causes
    if stage == "server":
        return code not in _NOT_RETRYABLE_SERVER_ERRORS
    return stage in {"gone", "throttled"}


def _retry_after(status: JsonObject, headers: Mapping[str, str]) -> float | None:
    header = headers.get("retry-after", "").strip()
    seconds: float | None = None
    if header.isascii() and header.isdigit():
        seconds = float(header[:9])
    elif header:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            seconds = None
    elif member(status, "details", "retryAfterSeconds") is not None:
        seconds = float(integer(status, "details", "retryAfterSeconds"))
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)
