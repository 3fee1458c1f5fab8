"""The reader that is fitted, of several that a board has the pins for."""

from micropython import const

from .base import LinkError, Reader

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .base import Target


class FittedReader(Reader):
    """makers: functions that make a Reader each, the quickest to say no first.

    start() looks which one answers; the one that did is asked first from then on.
    """

    def __init__(self, makers: "Sequence[Callable[[], Reader]]"):
        self._makers = makers
        self._reader: "Reader | None" = None
        self.serves_several = False

    async def start(self) -> None:
        """See Reader.start. Raises the last reader's LinkError if none answers."""
        if self._reader is not None:
            try:
                await self._reader.start()
                return
            except LinkError:
                self._reader = None  # another may have been plugged in
        last = LinkError("no reader on any bus")
        for make in self._makers:
            reader = make()
            reader.serves_several = self.serves_several
            try:
                await reader.start()
            except LinkError as error:
                last = error
                continue
            self._reader = reader
            return
        raise last

    async def poll(self, timeout_ms: int) -> "Target | None":
        """See Reader.poll."""
        if self._reader is None:
            raise LinkError("the reader was not started")
        return await self._reader.poll(timeout_ms)
