"""An Espressif chip: esptool as a library puts an image into its flash and proves it by MD5."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ..devices import rom
from .outcome import FlashError, FlashRefused
from .wanted import EspImage

_ALIGN = 4


def write(
    device: str,
    images: dict[str, EspImage],
    say: Callable[[str], None],
    is_reset: bool = False,
    is_dry: bool = False,
) -> tuple[str, int | None]:
    """Bring the chip at `device` to its image; (chip, bytes written), 0 if its flash has it.

    is_reset: get it into its ROM loader by DTR and RTS first. is_dry: None for the bytes if it
    would be written. Raises FlashError, and FlashRefused without an image for that chip.
    """
    from esptool.cmds import attach_flash, reset_chip, write_flash

    try:
        with rom.loader(device, is_reset) as esp:
            chip = str(esp.CHIP_NAME).lower()
            image = images.get(chip)
            if image is None:
                raise FlashRefused(
                    f"no image for this {chip} was given",
                    f"images given: {', '.join(images) or 'none'}",
                )
            say("comparing hashes")
            attach_flash(esp)
            at, data = int(esp.BOOTLOADER_FLASH_OFFSET), _padded(image.data)
            want = hashlib.md5(data, usedforsecurity=False).hexdigest()
            if _md5(esp.flash_md5sum(at, len(data))) == want:
                reset_chip(esp, "hard-reset")
                return chip, 0
            if is_dry:
                return chip, None
            say(f"writing {len(data):,} bytes")
            write_flash(esp, [(at, data)], no_progress=True)
            say("reading back")
            got = _md5(esp.flash_md5sum(at, len(data)))
            if got != want:
                raise FlashError(f"{device}: flash has {got}, the image {want}", "run it again")
            reset_chip(esp, "hard-reset")
            return chip, len(data)
    except rom.RomError as error:
        raise FlashError(error.text, "hold BOOT, press RESET, run the command again") from error


def _padded(data: bytes) -> bytes:
    return data + b"\xff" * (-len(data) % _ALIGN)


def _md5(answer: str | bytes) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
