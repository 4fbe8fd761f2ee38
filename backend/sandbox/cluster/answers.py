"""What a handler gives back: a whole answer, or a stream of lines that goes on while the caller listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from backend.sandbox.cluster.documents import Document, encode
from backend.sandbox.cluster.status import ApiError
from backend.sandbox.cluster.store import StoredObject

JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    code: int
    body: bytes
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is sent line by line, until `lines` ends."""

    lines: AsyncIterator[bytes]


class Line:
    """The connection to one caller: wakes whoever writes to it when there is news, or when it is cut."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.is_cut = False

    def cut(self) -> None:
        """End the stream: the caller has hung up, or the cluster goes away."""
        self.is_cut = True
        self.news.set()

    async def wait(self, seconds: float) -> bool:
        """Sleep until there is news; False once the time is over or the line is cut."""
        try:
            await asyncio.wait_for(self.news.wait(), seconds)
        except TimeoutError:
            return False
        self.news.clear()
        return not self.is_cut


def of_document(document: Document, code: int = 200) -> Answer:
    """An answer that shows a document."""
    return Answer(code, encode(document))


def of_object(stored: StoredObject, code: int = 200) -> Answer:
    """An answer that shows an object."""
    return Answer(code, stored.json())


def of_error(error: ApiError) -> Answer:
    """An answer that is a refusal; one that says when to come back says so in its header too."""
    retry = (error.details or {}).get("retryAfterSeconds")
    headers = {"retry-after": str(retry)} if retry else {}
    return Answer(error.code, encode(error.status()), headers=headers)


def not_a_page() -> Answer:
    """The answer for paths outside the API, which the real server gives as plain text."""
    return Answer(404, b"404 page not found\n", PLAIN)
