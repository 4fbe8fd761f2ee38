"""What nobody expected: logged under an id, and told to the person with the same id."""

from __future__ import annotations

import logging
import secrets

from backend.errors import ErrorKind, PlatformError

_LOG = logging.getLogger(__name__)


def unexpected(error: BaseException, what: str) -> PlatformError:
    """Log `error` under a new incident id; returns what to tell the person. `what` names what failed, capitalised."""
    incident = secrets.token_hex(4)
    _LOG.error("incident %s: %s", incident, what, exc_info=error)
    return PlatformError(
        ErrorKind.INTERNAL,
        f"{what} failed inside otetui (incident {incident}). The log file in the home folder has the details "
        "under that id.",
        reason="internal",
    )
