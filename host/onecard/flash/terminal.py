"""A terminal of ours: hashes compared, the stake looked at, updated or flashed, seen to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ocwire import message

from ..devices import BARE, TERMINAL, Found, Search, repl
from ..keystore import Keystore
from ..link import Greeting, LinkClient, Refused, UpdateStatus, open_port
from ..pull import pull
from ..store import Store
from ..update import update
from . import drive
from .outcome import DONE, UNCHANGED, WOULD, FlashError, FlashRefused, FlashSkipped, Outcome
from .stake import Stake, look
from .wanted import Wanted

Say = Callable[[str], None]
_UNPROVISIONED = "is not provisioned: it has no update root; provision it first, or flash an image"


@dataclass(frozen=True)
class Options:
    """search: where things show up again. store: None unless records are pulled first.
    is_forced: also over unread records. wait_s: the most that a restart may take."""

    search: Search
    keystore: Keystore | None = None
    store: Store | None = None
    is_forced: bool = False
    is_dry: bool = False
    timeout_s: float = 5.0
    wait_s: float = 120.0


@dataclass(frozen=True)
class Plan:
    """takes_image, takes_bundle: what the terminal lacks. update: what it runs now."""

    takes_image: bool
    takes_bundle: bool
    update: UpdateStatus
    greeting: Greeting
    stake: Stake


def bring(found: Found, wanted: Wanted, options: Options, say: Say) -> Outcome:
    """One terminal to the wanted firmware. Raises OneCardError."""
    say("comparing hashes")
    plan = _plan(found, wanted, options, say)
    out = Outcome(found.device, found.terminal, before=plan.update.version)
    out.now = out.before
    if not plan.takes_image and not plan.takes_bundle:
        out.result, out.text = UNCHANGED, "hashes are equal"
        return out
    steps = ["image"] * plan.takes_image + ["bundle"] * plan.takes_bundle
    if plan.stake.is_something and not options.is_forced:
        raise FlashRefused(
            f"at stake: {plan.stake.text()}", "pull them first (--pull does), or say --force"
        )
    if options.is_dry:
        out.result, out.text = WOULD, " and ".join(steps)
        return out
    if plan.takes_image:
        out.written += _image(found, wanted, options, plan, say)
    if plan.takes_bundle:
        out.written += _bundle(found, wanted, options, say)
        assert wanted.bundle is not None
        out.now = wanted.bundle.version
    out.result, out.text = DONE, " and ".join(steps)
    return out


def _plan(found: Found, wanted: Wanted, options: Options, say: Say) -> Plan:
    """What is lacking, by hashes alone; and what is at stake if anything is."""
    with _client(found, options) as client:
        greeting = _log_in(client, options)
        now = client.update_status()
        takes_image = _takes_image(found, wanted, now)
        made, base = wanted.bundle, wanted.base if takes_image else now.base
        is_settled = now.state == message.SETTLED
        takes_bundle = made is not None and not (made.runs_on(now) and is_settled)
        if takes_image and made is not None:
            takes_bundle = True
        _check_bundle(found, wanted, base, greeting, takes_bundle)
        stake = Stake(0, 0, 0, 0)
        if greeting.is_provisioned and (takes_image or takes_bundle):
            if options.store is not None and not options.is_dry:
                say("pulling its records")
                _pull(client, options)
                _log_in(client, options)
            stake = look(client, client.status())
    return Plan(takes_image, takes_bundle, now, greeting, stake)


def _takes_image(found: Found, wanted: Wanted, now: UpdateStatus) -> bool:
    if wanted.uf2 is None or found.board != wanted.board:
        return False
    if not wanted.is_ours:
        raise FlashRefused(
            f"{wanted.uf2.path} is no terminal's image: this terminal would be none afterwards"
        )
    return not wanted.base or now.base != wanted.base


def _check_bundle(
    found: Found, wanted: Wanted, base: bytes, greeting: Greeting, takes_bundle: bool
) -> None:
    made = wanted.bundle
    if made is None:
        if wanted.uf2 is not None and found.board == wanted.board:
            return
        raise FlashSkipped(f"nothing was given for a terminal on {found.board}", "give a bundle")
    if not takes_bundle:
        return
    if made.header.board not in ("", found.board):
        raise FlashRefused(f"the bundle is for {made.header.board}, this is {found.board}")
    if base and made.header.base != base:
        raise FlashRefused(
            "the bundle lies over another image than this terminal's",
            "build it over that image's modules.json, or give its image too",
        )
    if not greeting.is_provisioned:
        raise FlashRefused(f"{found.device} {_UNPROVISIONED}")


def _image(found: Found, wanted: Wanted, options: Options, plan: Plan, say: Say) -> int:
    """Through its prompt into the boot ROM, the UF2 onto the drive, and the terminal back."""
    assert wanted.uf2 is not None
    say("service mode")
    with _client(found, options) as client:
        _log_in(client, options)
        client.service()
    say("restarting as a drive")
    repl.to_bootloader(found.device)
    at = drive.await_drive(options.search, found.key, options.wait_s)
    written = drive.write(at, wanted.uf2, say)
    check_back(found.key, wanted, options, say, plan.greeting.terminal_id)
    return written


def check_back(
    key: str, wanted: Wanted, options: Options, say: Say, terminal_id: str | None = None
) -> Found:
    """Wait for a board whose image was written; raise FlashError unless it runs that image."""
    say("waiting for it to come back")
    back = drive.await_board(
        options.search, key, options.keystore, options.timeout_s, options.wait_s
    )
    if not wanted.is_ours:
        return back
    if back.kind == BARE and back.image:
        return back
    if back.kind != TERMINAL:
        raise FlashError(f"{back.device}: a {back.kind} is back, no terminal")
    if wanted.base and back.image and back.image != wanted.base.hex():
        raise FlashError(f"{back.device} runs another image than was written", "run it again")
    if terminal_id is not None and int(terminal_id) and back.terminal != terminal_id:
        raise FlashError(
            f"{back.device} was terminal {terminal_id} and says now that it is "
            f"{back.terminal or 'none'}",
            "keys and records may be gone: take its flash for analysis before provisioning it",
        )
    return back


def _bundle(found: Found, wanted: Wanted, options: Options, say: Say) -> int:
    assert wanted.bundle is not None
    if options.keystore is None:
        raise FlashRefused("an update needs the keystore and its passphrase")
    result = update(
        lambda: _client(found, options),
        options.keystore,
        wanted.bundle,
        lambda done, total: say(f"sending {done * 100 // max(1, total)} %"),
        wait_s=options.wait_s,
    )
    return result.sent


def _client(found: Found, options: Options) -> LinkClient:
    return LinkClient(open_port(found.device), options.timeout_s)


def _log_in(client: LinkClient, options: Options) -> Greeting:
    keystore = options.keystore
    if keystore is None:
        greeting = client.hello()
        if greeting.is_provisioned:
            raise FlashRefused(
                f"terminal {greeting.terminal_id} talks only to its keystore",
                "give --keystore and its passphrase",
            )
        return greeting
    try:
        return client.log_in(keystore.link_key)
    except Refused as error:
        raise FlashRefused(error.text, "is this the keystore it was provisioned from?") from error


def _pull(client: LinkClient, options: Options) -> None:
    assert options.store is not None and options.keystore is not None
    result = pull(client, options.keystore, options.store)
    if result.findings:
        raise FlashRefused(f"pull: {result.findings[0].text}", "look into that first")
