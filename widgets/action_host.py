"""A screen whose keys come from its actions, and that says why a key is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Generic, TypeVar

from textual import on
from textual.binding import Binding, BindingsMap, BindingType
from textual.css.query import NoMatches
from textual.widgets import Input, TextArea

from widgets.actions import Action, ActionRegistry
from widgets.detail import DetailView
from widgets.error_dialog import ErrorDialog
from widgets.hints import Hint, HintsLine
from widgets.keys import keys_label
from widgets.message_line import MessageLine, Severity
from widgets.quiet_screen import QuietScreen
from widgets.table_messages import MarksChanged, RowHighlighted
from widgets.text import in_a_row

ContextT = TypeVar("ContextT")
ResultT = TypeVar("ResultT")

_ACT: Final = "act"


class ActionHost(QuietScreen[ResultT], Generic[ContextT, ResultT]):
    """Gives each action its key, keeps the hints true, and shows a refusal in the screen's MessageLine.

    A subclass implements `current_context` (what the actions are judged by) and `perform` (what they do).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+e", "full_text", "Read the last message in full", show=False, id="message.full_text"),
    ]

    def __init__(
        self, actions: Sequence[Action[ContextT]], registry: ActionRegistry, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.actions = tuple(actions)
        self.registry = registry
        keys = [binding for action in self.actions for binding in _bindings_of(action, registry.keys(action))]
        self._bindings = BindingsMap.merge([BindingsMap(keys), self._bindings])

    def current_context(self) -> ContextT:
        """What is in focus now: the row under the cursor, the marked rows, the user's role and the like."""
        raise NotImplementedError

    async def perform(self, action: Action[ContextT]) -> None:
        """Do an action that is not refused. Long work belongs into a worker."""
        raise NotImplementedError

    def refusal(self, action: Action[ContextT]) -> str | None:
        """Why the action is not possible now, or None."""
        return action.refused(self.current_context())

    async def attempt(self, action_id: str) -> bool:
        """Do the action with this id as its key would, or say why not; False when it was refused or is unknown here."""
        action = self._action(action_id)
        if action is None:
            return False
        if reason := self.refusal(action):
            self.say(reason, Severity.REFUSED)
            return False
        await self.perform(action)
        self.refresh_hints()
        return True

    def _action(self, action_id: object) -> Action[ContextT] | None:
        return next((action for action in self.actions if action.id == action_id), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """None, which Textual shows greyed, while an action is refused."""
        if action != _ACT:
            return super().check_action(action, parameters)
        found = self._action(parameters[0]) if parameters else None
        if found is None or (found.at_once and isinstance(self.focused, Input | TextArea)):
            return False
        return None if self.refusal(found) else True

    async def action_act(self, action_id: str) -> None:
        """Do the action whose key was pressed."""
        await self.attempt(action_id)

    def action_explain(self, action_id: str) -> None:
        """Say why the action whose key was pressed is refused."""
        action = self._action(action_id)
        if action is not None and (reason := self.refusal(action)):
            self.say(reason, Severity.REFUSED)

    def on_key(self) -> None:
        """A key has been pressed: the last message has been read."""
        if (line := self._message_line()) is not None:
            line.settle()

    # Messages and hints

    def say(self, text: str, severity: Severity = Severity.NOTE, *, detail: str = "") -> None:
        """Show a message in the message line."""
        if (line := self._message_line()) is not None:
            line.show(text, severity, detail=detail)
        else:
            self.app.notify(text, title=severity.word, markup=False)

    def say_error(self, error: BaseException) -> None:
        """Show an error in the message line."""
        if (line := self._message_line()) is not None:
            line.show_error(error)
        else:
            self.app.notify(str(error), title=Severity.ERROR.word, severity="error", markup=False)

    def _message_line(self) -> MessageLine | None:
        try:
            return self.query_one(MessageLine)
        except NoMatches:
            return None

    def action_full_text(self) -> None:
        """Open the last message in full, to read and copy it."""
        line = self._message_line()
        if line is None or line.last_notice is None:
            self.say("There is no message yet.")
            return
        _ = self.app.push_screen(ErrorDialog.of(line.last_notice))

    def hints(self) -> Sequence[Hint]:
        """The screen's keys for the hints line: its actions in order, those that are refused now marked."""
        context = self.current_context()
        return [
            Hint(self.registry.label(action), in_a_row(action.title), action.refused(context) is None)
            for action in self.actions
        ]

    def refresh_hints(self) -> None:
        """Show which keys work now; call it when what is in focus changes other than by the cursor or the marks."""
        for line in self.query(HintsLine):
            line.show(self.hints())

    def on_mount(self) -> None:
        """Show the hints from the start."""
        if (line := self._message_line()) is not None:
            keys = self.registry.keymap.get("message.full_text", line.full_text_key)
            line.full_text_key = keys_label(keys)
        self.refresh_hints()

    @on(DetailView.Copied)
    def _copied(self, event: DetailView.Copied) -> None:
        self.say(event.sentence, Severity.DONE)

    @on(RowHighlighted)
    @on(MarksChanged)
    def _focus_changed(self) -> None:
        self.refresh_hints()


def _bindings_of(action: Action[ContextT], keys: str) -> list[Binding]:
    """The key's binding, and a second one that says why: Textual goes on to it when the first is refused.

    Both have the same id, so that a key map takes both along.
    """
    return [
        Binding(
            keys,
            f"{_ACT}({action.id!r})",
            action.title,
            tooltip=action.help,
            id=action.id,
            priority=action.at_once,
        ),
        Binding(keys, f"explain({action.id!r})", show=False, id=action.id),
    ]
