"""The one error of the gateway to clusters. Imports nothing heavy, so callers may name it anywhere."""

from __future__ import annotations

from typing import Literal

from backend.errors import ErrorKind, PlatformError

Stage = Literal[
    "dns",
    "tcp",
    "tls",
    "timeout",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "gone",
    "invalid",
    "throttled",
    "server",
    "protocol",
]

_GATEWAY_TIMEOUT = 504


class KubeError(PlatformError):
    """A cluster that could not be reached, or that answered with a refusal or with nonsense.

    `stage` says how far the request came. `status` is the HTTP status of the answer, 0 without one.
    `retry_after` is the number of seconds the cluster asks us to wait, if it does. `retryable` says that the
    same request may succeed later without anybody changing anything. `remote_reason` is Kubernetes' own word,
    such as `AlreadyExists`. `connecting` says that a time-out fell before the request could be sent.
    """

    def __init__(
        self,
        stage: Stage,
        message: str,
        *,
        status: int = 0,
        retry_after: float | None = None,
        retryable: bool = False,
        remote_reason: str = "",
        timed_out: bool = False,
        connecting: bool = False,
    ) -> None:
        late = timed_out or stage == "timeout" or status == _GATEWAY_TIMEOUT
        super().__init__(ErrorKind.TIMEOUT if late else ErrorKind.REMOTE, message, reason=f"cluster_{stage}")
        self.stage: Stage = stage
        self.status = status
        self.retry_after = retry_after
        self.retryable = retryable
        self.remote_reason = remote_reason
        self.connecting = connecting

    @property
    def lost(self) -> bool:
        """Whether the cluster could not be reached or did not answer, so that asking it more is in vain for now."""
        return self.stage in {"dns", "tcp", "tls", "timeout"}
