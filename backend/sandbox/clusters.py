"""The clusters of a running site: each with its store, its API server, its users' tokens and its gate."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.sandbox.cluster.api import KubernetesApi
from backend.sandbox.cluster.authorization import USERS, User
from backend.sandbox.cluster.documents import Document, meta, text
from backend.sandbox.cluster.kinds import NAMESPACES, NODES, find_kind
from backend.sandbox.cluster.requests import Request
from backend.sandbox.cluster.status import bad_request, not_found
from backend.sandbox.cluster.store import ClusterStore, StoredObject
from backend.sandbox.population import populate
from backend.sandbox.presence import Presence
from backend.sandbox.site import ClusterSpec, SiteSpec

REMEMBERED_REQUESTS = 200
_FIRST_VERSION = 1000


@dataclass(slots=True)
class Journal:
    """What a cluster was asked: how often, and the latest requests one by one."""

    total: int = 0
    recent: deque[Document] = field(default_factory=lambda: deque(maxlen=REMEMBERED_REQUESTS))

    def note(self, request: Request, user: str) -> Document:
        """Note a request; the entry gets its answer's `code` later, 0 stands for none."""
        entry: Document = {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "user": user,
            "userAgent": request.user_agent,
            "contentType": request.content_type,
            "code": 0,
        }
        self.total += 1
        self.recent.append(entry)
        return entry

    def clear(self) -> None:
        """Begin anew."""
        self.total = 0
        self.recent.clear()


class Cluster:
    """One cluster of a running site. Its store may be read and written from the site's event loop."""

    def __init__(
        self, spec: ClusterSpec, site: SiteSpec, tokens: Mapping[str, str], changed: Callable[[Cluster, bool], None]
    ) -> None:
        self.spec = spec
        self.store = ClusterStore(memory=site.memory, first_version=_FIRST_VERSION)
        populate(self.store, spec)
        self.api = KubernetesApi(self.store, version=spec.version, pace=site.pace)
        self.presence = Presence(spec, lambda away: changed(self, away))
        self.journal = Journal()
        self.port = 0
        self.tokens = dict(tokens)
        self._users = {token: USERS[name] for name, token in self.tokens.items()}

    @property
    def name(self) -> str:
        """The cluster's name in the site."""
        return self.spec.name

    @property
    def url(self) -> str:
        """Where its API server is."""
        return f"https://127.0.0.1:{self.port}/clusters/{self.name}"

    def user_of(self, token: str) -> User | None:
        """Whose token it is."""
        return self._users.get(token)

    def add(self, document: Document) -> StoredObject:
        """Put an object there as it is, without asking anybody; a missing namespace is made."""
        kind = find_kind(text(document.get("apiVersion")), text(document.get("kind")))
        if kind is None:
            raise bad_request("the object needs an apiVersion and a kind that the sandbox serves")
        metadata = meta(document)
        name = text(metadata.get("name"))
        if not name:
            raise bad_request("the object needs metadata.name")
        if kind.namespaced:
            namespace = text(metadata.setdefault("namespace", "default"))
            if self.store.get(NAMESPACES, namespace) is None:
                self.store.put(NAMESPACES, namespace_document(namespace))
        old = self.store.get(kind, name, text(metadata.get("namespace")))
        if old is not None:
            metadata["uid"] = old.uid
            metadata.setdefault("creationTimestamp", meta(old.document())["creationTimestamp"])
        return self.store.put(kind, document)

    def take(self, document: Document) -> None:
        """Remove an object at once, finalizers or not."""
        kind = find_kind(text(document.get("apiVersion")), text(document.get("kind")))
        if kind is None:
            raise bad_request("the object needs an apiVersion and a kind that the sandbox serves")
        name = text(meta(document).get("name"))
        if self.store.remove(kind, name, text(meta(document).get("namespace"))) is None:
            raise not_found(kind, name)

    def summary(self) -> Document:
        """The cluster as the control endpoint lists it."""
        return {
            "name": self.name,
            "server": self.url,
            "version": self.spec.version,
            "behaviour": self.presence.behaviour.value,
            "away": self.presence.is_away,
            "nodes": len(self.store.objects(NODES)),
            "namespaces": len(self.store.objects(NAMESPACES)),
            "requests": self.journal.total,
        }

    def stop(self) -> None:
        """Stop what goes on by itself, and cut everybody off."""
        self.api.stop()
        self.presence.stop()


def namespace_document(name: str) -> Document:
    """A namespace as the API server completes it."""
    metadata: Document = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
    return {"metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
