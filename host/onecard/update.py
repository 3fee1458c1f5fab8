"""Updating a terminal's firmware over the link: download, activate, wait, confirm.

Every step is safe to repeat: a run that died at any point is made good by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ocwire import message

from .bundle import Bundle
from .errors import OneCardError
from .keystore import Keystore
from .link import LinkClient, LinkFailed, Refused, UpdateStatus
from .link.port import PortError
from .pull import connect

CHUNK_SIZE = 2048  # whole pages; with its seal it fits a frame
_POLL_S = 0.5
_TRIES = 3  # of each chunk, in the mean

Connect = Callable[[], LinkClient]
Progress = Callable[[int, int], None]


class UpdateError(OneCardError):
    """The terminal goes on with the firmware it had."""


@dataclass(frozen=True)
class UpdateResult:
    """Of one update. before, now: versions. sent: bytes of the image. resumed_at: offset."""

    terminal: str
    before: str
    now: str
    sent: int = 0
    resumed_at: int = 0


def update(
    open_client: Connect,
    keystore: Keystore,
    bundle: Bundle,
    progress: Progress = lambda done, total: None,
    is_again: bool = False,
    wait_s: float = 120,
) -> UpdateResult:
    """Have the terminal run `bundle`, confirmed.

    open_client: opens its port, also after a restart.
    is_again: also if it runs that image already. wait_s: the most that the restart may take.
    progress(done, total) counts bytes of the image. Raises UpdateError, Refused, LinkFailed.
    """
    with open_client() as client:
        terminal = connect(client, keystore)
        status = client.update_status()
        before, sent, start = status.version, 0, 0
        if status.state == message.SETTLED:
            if bundle.runs_on(status) and not is_again:
                return UpdateResult(terminal, before, before)
            start = client.update_begin(bundle.header.pack())
            sent = _send(client, bundle.image, start, progress)
            _activate(client)
        elif status.state == message.TRIAL and not bundle.runs_on(status):
            raise UpdateError(
                f"version {status.version} is on trial",
                "confirm it with its own bundle, or wait until it is rolled back",
            )
    _confirm(open_client, keystore, bundle, wait_s)
    return UpdateResult(terminal, before, bundle.version, sent, start)


def _send(client: LinkClient, image: bytes, start: int, progress: Progress) -> int:
    """Give the image from `start` on; the bytes given."""
    offset, sent = start, 0
    progress(offset, len(image))
    for _ in range(_TRIES * (len(image) // CHUNK_SIZE + 1)):
        if offset >= len(image):
            return sent
        chunk = image[offset : offset + CHUNK_SIZE]
        offset = client.update_data(offset, chunk)
        sent += len(chunk)
        progress(offset, len(image))
    if offset < len(image):
        raise UpdateError(f"the terminal does not get on with the image: it wants {offset} again")
    return sent


def _activate(client: LinkClient) -> None:
    try:
        client.update_activate()
    except LinkFailed:
        pass  # it may have restarted before the answer came through: what it runs will tell


def _confirm(open_client: Connect, keystore: Keystore, bundle: Bundle, wait_s: float) -> None:
    """Wait for the restart and confirm. Raises UpdateError if it was rolled back."""
    deadline = time.monotonic() + wait_s
    last: OneCardError | None = None
    while time.monotonic() < deadline:
        try:
            with open_client() as client:
                connect(client, keystore)
                if _is_confirmed(client, bundle):
                    return
        except (LinkFailed, PortError, Refused) as error:
            last = error  # it is restarting, or its self-test has not ended well yet
        time.sleep(_POLL_S)
    raise UpdateError(
        f"not confirmed in {wait_s:g} s: {last.text if last else 'the restart did not come'}",
        "the terminal goes back to the firmware before by itself; run the command again then",
    )


def _is_confirmed(client: LinkClient, bundle: Bundle) -> bool:
    status = client.update_status()
    if status.state == message.TRIAL and bundle.runs_on(status):
        client.update_confirm()
        status = client.update_status()
    if status.state != message.SETTLED:
        return False
    if not bundle.runs_on(status) or status.fault:
        raise UpdateError(_why(status, bundle))
    return True


def _why(status: UpdateStatus, bundle: Bundle) -> str:
    reason = status.fault or "no reason is known"
    return f"{bundle.version} was rolled back, {status.version} runs: {reason}"
