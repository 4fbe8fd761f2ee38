"""The first line of every screen: which site, who is logged in, and how the clusters and the link are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.reactive import reactive

from widgets.one_line import OneLine, Part
from widgets.text import plural
from widgets.theme import TONES, Tone


class SiteHeader(OneLine):
    """One line; the application sets its fields. On narrow screens role, user and link go, in this order."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"header--bar", "header--site", *(f"header--{tone}" for tone in TONES)}

    base_component = "header--bar"
    gap = 3

    site = reactive("")
    user = reactive("")
    role = reactive("")
    clusters_reachable = reactive(0)
    clusters_total = reactive(0)
    pending = reactive(0)
    link = reactive("")
    link_tone: reactive[Tone] = reactive[Tone]("")

    def parts(self) -> Sequence[Part]:
        """Site, user and role at the left; clusters, audits and link at the right."""
        return [
            Part(self.site, "header--site"),
            Part(self.user, "header--muted", 4),
            Part(self.role, "header--muted", 5),
            *self._clusters(),
            Part(f"{self.pending:,} to audit" if self.pending else "", "header--accent", 2, is_right=True),
            Part(self.link, f"header--{self.link_tone or 'muted'}", 3, is_right=True),
        ]

    def _clusters(self) -> list[Part]:
        if not self.clusters_total:
            return []
        away = self.clusters_total - self.clusters_reachable
        if away <= 0:
            return [Part(plural(self.clusters_total, "cluster"), "header--muted", 2, is_right=True)]
        text = f"{self.clusters_reachable}/{self.clusters_total} clusters reachable"
        return [Part(text, "header--warn", 1, is_right=True)]
