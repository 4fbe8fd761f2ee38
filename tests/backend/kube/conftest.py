from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from backend.kube.connection import MAXIMUM_BODY, Connection, Timeouts
from backend.kube.kubeconfig import exec_line, read_kubeconfig
from tests.backend.kube.servers import kubeconfig

# Long enough for a busy machine, where an answer is expected; short where none comes.
PATIENT = Timeouts(connect=20, read=20, total=40)
HASTY = Timeouts(connect=0.3, read=0.3, total=20)

Connect = Callable[..., Awaitable[Connection]]


@pytest.fixture
async def connect() -> AsyncGenerator[Connect, None]:
    """Opens connections to a server's address and closes them after the test."""
    opened: list[Connection] = []

    async def connect_to(
        server: str,
        *,
        text: str = "",
        context: str = "",
        timeouts: Timeouts = PATIENT,
        name: str = "",
        maximum_body: int = MAXIMUM_BODY,
    ) -> Connection:
        chosen = text or kubeconfig(server)
        document = read_kubeconfig(chosen, context, allow_exec=exec_line(chosen, context)).document
        connection = await Connection.open(document, timeouts=timeouts, name=name, maximum_body=maximum_body)
        opened.append(connection)
        return connection

    yield connect_to
    for connection in opened:
        await connection.close()
