"""Draws a bench into a shell's window: the framebuffer as it is, cards, log, keys."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.text import Text

from ...report import clock_text, yuan
from ..picture import Picture
from ..screen import braille, half_blocks
from ..session import Event
from ..view import About, CardView, Snapshot

_LEAST_COLUMNS, _LEAST_AROUND = 80, 6  # of the window; rows around the screen
_MOST_WIDTH = 128  # of a display that is drawn at its size
_SIDE, _LOWER = 40, 6  # columns beside the screen, rows below it
_KEYS = (
    "0-9 . Enter Esc F1-F3 keypad  ←→ card  t tap  k stays  r remove  x tear  s scan",
    "p power  u host  c collect  f fill journal  : command  ? help  q quit",
)
_HELP = (
    "0-9 .        the terminal's keys; Enter confirms, Esc or Backspace cancels",
    "F1 F2 F3     its function keys; F1 is the operator's menu",
    "← → Tab      choose a card",
    "t            tap: hold the card there, take it away after the answer",
    "k            whether a card that is tapped stays; r takes it away",
    "x            tear it away: at once, or after a number of bytes on the air",
    "s            hold a code before the scanner, by name or as text",
    "p            cut the power, switch on again",
    "u            unplug the host (issuer, library, medical fund), plug it in",
    "c            the host collects the records",
    "f            fill the journal through its flash (the power is off meanwhile)",
    ":            any command line of `onecard sim`, as power cut=2:prefix",
    "q            quit",
)


@dataclass(frozen=True)
class Hands:
    """What the people at the shell are about. prompt: asked for, with what is typed; or ""."""

    chosen: str
    stays: bool
    prompt: str = ""
    notice: str = ""
    shows_help: bool = False


def draw(seen: Snapshot, about: About, hands: Hands, columns: int, rows: int) -> RenderableType:
    """The whole window. columns, rows: its size; if it is too small, it says so.

    A large display's picture is drawn at half its size: its texts have two pixels for each.
    """
    shown = seen.picture if seen.picture.width <= _MOST_WIDTH else seen.picture.half
    least = max(_LEAST_COLUMNS, shown.width // 2 + 2), shown.height // 4 + 2 + _LEAST_AROUND
    if columns < least[0] or rows < least[1]:
        return Text(f"{columns} x {rows} is too small: {least[0]} x {least[1]} at least")
    root = Layout()
    root.split_column(
        Layout(_title(seen, about), size=1),
        Layout(name="middle"),
        Layout(_bottom(seen, hands), size=3),
    )
    if hands.shows_help:
        root["middle"].update(Panel(Text("\n".join(_HELP)), title="any key goes on"))
    else:
        _fill_middle(root["middle"], shown, seen, hands, (columns, rows - 4))
    return root


def _fill_middle(
    middle: Layout, shown: Picture, seen: Snapshot, hands: Hands, size: tuple[int, int]
) -> None:
    """Half blocks where they fit, above or beside the rest; braille, a quarter as large, else."""
    (columns, rows), across, down = size, shown.width, shown.height
    large, small = (across + 2, down // 2 + 2), (across // 2 + 2, down // 4 + 2)
    is_large = columns >= large[0] and rows >= large[1]
    is_large = is_large and (columns >= large[0] + _SIDE or rows >= large[1] + _LOWER)
    picture = (half_blocks if is_large else braille)(shown.mono, across, down)
    frame = Panel(
        Text(picture, style="bright_cyan on black", no_wrap=True, overflow="crop"),
        padding=0,
        border_style="green" if seen.is_on else "dim",
        width=(large if is_large else small)[0],
    )
    width, height = large if is_large else small
    rest, screen = Layout(name="rest"), Layout(frame, size=width)
    if columns >= width + _SIDE or not is_large:
        above = Layout(name="above", size=height)
        above.split_row(screen, Layout(_cards(seen, hands, height - 2), name="cards"))
        middle.split_column(above, rest)
        rest.update(_log(seen, rows - height))
        return
    middle.split_column(Layout(frame, size=height), rest)
    rest.split_row(
        Layout(_cards(seen, hands, rows - height - 2), size=_SIDE),
        Layout(_log(seen, rows - height)),
    )


def _title(seen: Snapshot, about: About) -> Text:
    host = "unplugged"
    if seen.is_plugged:
        host = "connected" if seen.is_host_there else "looking"
    out = Text(no_wrap=True, overflow="ellipsis")
    out.append(f" {about.scene} {about.terminal} ", style="bold reverse")
    out.append(f" {about.board}  power ")
    out.append("on" if seen.is_on else "OFF", style="green" if seen.is_on else "bold red")
    out.append("  host ")
    out.append(host, style="green" if seen.is_host_there else "yellow")
    out.append(f"  {about.link}", style="dim")
    if seen.sound:
        out.append("  ♪ " + " ".join(str(beep) for beep in seen.sound), style="magenta")
    return out


def _cards(seen: Snapshot, hands: Hands, rows: int) -> Panel:
    at = [card.name for card in seen.cards].index(hands.chosen)
    first = max(0, min(at - rows // 2, len(seen.cards) - rows))
    lines = [_card(card, hands) for card in seen.cards[first : first + rows]]
    title = "cards, they stay" if hands.stays else "cards"
    return Panel(_joined(lines), title=title, padding=0)


def _card(card: CardView, hands: Hands) -> Text:
    money = "" if card.balance is None else yuan(card.balance)
    out = Text()
    out.append("▶" if card.name == hands.chosen else " ", style="bold")
    out.append("◉" if card.is_there else " ", style="green")
    style = "bold" if card.name == hands.chosen else ""
    out.append(f"{card.name} {money:>8} {card.title[0]} {card.note[1]}", style=style)
    return out


def _log(seen: Snapshot, rows: int) -> Panel:
    lines = [told(event) for event in seen.log[-max(1, rows - 2) :]]
    return Panel(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), title="log", padding=0)


def told(event: Event) -> str:
    """One line of the log."""
    name = event["event"]
    if name == "record":
        words = [f"{event['seq']:>5} {event['kind']}"]
        if event.get("time_s"):
            words.insert(0, clock_text(event["time_s"])[11:])
        words += [yuan(event["amount"])] if event.get("amount") is not None else []
        shown = ("serial", "outcome", "what", "reason", "purpose", "way", "room", "item")
        words += [str(event[key]) for key in shown if event.get(key)]
        return "  ".join(words)
    plain = {
        "error": lambda: f"✘ {event['text']}",
        "pulled": lambda: f"{event['records']} records collected, {event['unread']} left",
        "filled": lambda: f"journal filled: {event['records']} records",
        "scan": lambda: f"scanned {event['code'] or 'a code'}",
        "power": lambda: "power on" if event["on"] else "power off",
        "host": lambda: "host plugged in" if event["plugged"] else "host unplugged",
    }
    return plain[name]()


def _bottom(seen: Snapshot, hands: Hands) -> Text:
    errors = [event["text"] for event in seen.log[-1:] if event["event"] == "error"]
    line = Text()
    if hands.prompt:
        line.append(hands.prompt + "▁", style="bold")
    else:
        line.append(hands.notice or "".join(errors).partition("\n")[0], style="yellow")
    if not line.plain:  # the list of cards may have no room
        line = next(_card(card, hands) for card in seen.cards if card.name == hands.chosen)
    keys = [Text(row, style="dim") for row in _KEYS]
    return _joined([line, *keys])


def _joined(lines: list[Text]) -> Text:
    """Lines, each cut where the window ends."""
    out = Text("\n").join(lines)
    out.no_wrap, out.overflow = True, "crop"
    return out
