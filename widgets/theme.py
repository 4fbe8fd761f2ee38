"""The console's two themes, which of them a terminal gets, and an App base that sends little and no unwanted colour."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal, TypeVar, cast

from rich.console import RenderableType
from rich.segment import Segment
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.theme import Theme

from widgets.sent_lines import SentLines

ThemeSetting = Literal["auto", "dark", "ansi"]
Tone = Literal["", "muted", "good", "busy", "warn", "bad", "accent"]
"""What a text means beside its words; a theme gives it a colour, a text style or nothing."""

TONES: Final[tuple[Tone, ...]] = ("muted", "good", "busy", "warn", "bad", "accent")

_FEW_COLOURS: Final = ("linux", "dumb", "ansi", "vt100", "vt220", "cons25")
_ResultT = TypeVar("_ResultT")

DARK: Final = Theme(
    name="otetui-dark",
    primary="#58a6ff",
    secondary="#3d6a99",
    accent="#79c0ff",
    foreground="#d5dde6",
    background="#0f141a",
    surface="#18202a",
    panel="#1c2631",
    success="#6fdd8b",
    warning="#f0b849",
    error="#ff7b72",
    dark=True,
    variables={
        "tone-muted": "#8d9bab",
        "tone-good": "#6fdd8b",
        "tone-busy": "#79c0ff",
        "tone-warn": "#f0b849",
        "tone-bad": "#ff8a80",
        "tone-accent": "#79c0ff",
        "muted-style": "none",
        "bad-style": "none",
        "bar": "#1c2631",
        "bar-text": "#d5dde6",
        "bar-style": "none",
        "entry": "#1e2833",
        "entry-focus": "#263545",
        "entry-style": "none",
        "cursor": "#1f4b7a",
        "cursor-text": "#ffffff",
        "cursor-style": "none",
        "cursor-idle": "#26313d",
        "cursor-idle-text": "#d5dde6",
        "cursor-idle-style": "none",
        "rule": "#35424f",
        "frame": "#4a6b8a",
        "frame-danger": "#c9564d",
        "input-cursor-background": "#d5dde6",
        "input-cursor-foreground": "#0f141a",
        "input-cursor-text-style": "none",
        "input-selection-background": "#2f5f8f",
        "scrollbar": "#3a4856",
        "scrollbar-hover": "#4a6b8a",
        "scrollbar-active": "#4a6b8a",
        "scrollbar-background": "#0f141a",
        "scrollbar-background-hover": "#0f141a",
        "scrollbar-background-active": "#0f141a",
    },
)

ANSI: Final = Theme(
    name="otetui-ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    dark=True,
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "tone-muted": "ansi_default",
        "tone-good": "ansi_green",
        "tone-busy": "ansi_cyan",
        "tone-warn": "ansi_yellow",
        "tone-bad": "ansi_red",
        "tone-accent": "ansi_cyan",
        "muted-style": "dim",
        "bad-style": "bold",
        "bar": "ansi_default",
        "bar-text": "ansi_default",
        "bar-style": "reverse",
        "entry": "ansi_default",
        "entry-focus": "ansi_default",
        "entry-style": "underline",
        "cursor": "ansi_default",
        "cursor-text": "ansi_default",
        "cursor-style": "reverse",
        "cursor-idle": "ansi_default",
        "cursor-idle-text": "ansi_default",
        "cursor-idle-style": "underline",
        "rule": "ansi_default",
        "frame": "ansi_default",
        "frame-danger": "ansi_red",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_default",
        "input-selection-foreground": "ansi_default",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_default",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    },
)


def no_colour(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for no colour: NO_COLOR is set and not empty (no-color.org)."""
    return bool(environment.get("NO_COLOR"))


def choose_theme(setting: ThemeSetting, environment: Mapping[str, str]) -> Theme:
    """The theme for a terminal: what the setting says; with `auto` ANSI for NO_COLOR and terminals of 16 colours."""
    if setting == "dark":
        return ANSI if no_colour(environment) else DARK
    terminal = environment.get("TERM", "")
    few = terminal.endswith(("-16", "-16color")) or terminal.split("-", 1)[0] in _FEW_COLOURS
    return ANSI if setting == "ansi" or few or no_colour(environment) else DARK


class WithoutColour(LineFilter):
    """Takes every colour out of what is sent; bold, dim, underline and reverse stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without colours. Textual's own filter still sends the codes for the default colours."""
        del background
        return [
            Segment(text, None if style is None or control else style.without_color, control)
            for text, style, control in segments
        ]


_WITHOUT_COLOUR: Final = WithoutColour()


class ThemedApp(App[_ResultT]):
    """An App with the console's themes, no animation, no colour sequence at all with NO_COLOR, and small repaints.

    The App class that is built on it puts `widgets.styles.STYLE_SHEETS` first in its CSS_PATH. ctrl+l paints the
    screen anew, for when something else has written to the terminal.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", "Paint the screen anew", show=False, id="app.redraw"),
    ]

    def __init__(self, theme_setting: ThemeSetting = "auto") -> None:
        super().__init__()
        self.no_color = no_colour(os.environ)
        self._sent = SentLines()
        self.animation_level = "none"
        self.register_theme(DARK)
        self.register_theme(ANSI)
        self.theme = choose_theme(theme_setting, os.environ).name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The console's own variables, so that its style sheets parse under any theme."""
        return dict(DARK.variables)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters; with NO_COLOR its grey ones give way to one that leaves no colour."""
        filters = [kept for kept in super().get_line_filters() if not isinstance(kept, Monochrome | NoColor)]
        return [*filters, _WITHOUT_COLOUR] if self.no_color else filters

    def on_mount(self) -> None:
        """After a suspension the terminal shows what other programs left."""
        self.app_resume_signal.subscribe(self, lambda _: self._sent.forget())

    def action_redraw(self) -> None:
        """Paint the whole screen anew."""
        self._sent.forget()
        self.refresh()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Textual's way to the terminal: lines that it shows already are not sent again."""
        is_sent = self.is_running and not self._batch_count and not self.is_headless and not self.is_inline
        update: object = renderable
        if is_sent and isinstance(update, CompositorUpdate):
            # Textual's own updates are no renderables to the type checker either.
            unsent = cast("RenderableType | None", self._sent.unsent(update, self.console))
            super()._display(screen, unsent)
        else:
            super()._display(screen, renderable)
