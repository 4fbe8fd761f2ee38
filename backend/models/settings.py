"""Platform settings (decision 29)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from backend.models.base import Name, Request, Wire


class PlatformSettings(Wire):
    """The settings in force; `refreshSeconds` is how often clusters are asked for their figures."""

    site_name: Name = "edge site"
    private_project: bool = True
    enable_ingress: bool = False
    enable_alert: bool = False
    enable_admin_auto_deploy: bool = False
    four_eyes: bool = False
    refresh_seconds: Annotated[int, Field(ge=5, le=3600)] = 30


class ChangeSettings(Request):
    """Settings to change; what is left out stays."""

    site_name: Name | None = None
    private_project: bool | None = None
    enable_ingress: bool | None = None
    enable_alert: bool | None = None
    enable_admin_auto_deploy: bool | None = None
    four_eyes: bool | None = None
    refresh_seconds: Annotated[int, Field(ge=5, le=3600)] | None = None
