"""Command and response APDUs, ISO/IEC 7816-4, short form."""

from .errors import ProtocolError, StatusError

_MAX_FETCHES = 4  # GET RESPONSE rounds allowed to one command: a card must not hold us for ever


def encode(cla, ins, p1, p2, data=b"", le=None):
    """A command APDU. le: expected size of the answer 1..256, or None for no Le byte."""
    head = bytes((cla, ins, p1, p2))
    if data:
        head += bytes((len(data),)) + data
    if le is not None:
        head += bytes((le & 0xFF,))
    return head


def status(answer):
    """The status word of a response APDU. Raises ProtocolError if there is none."""
    if len(answer) < 2:
        raise ProtocolError("answer of %d bytes has no status word" % len(answer))
    return answer[-2] << 8 | answer[-1]


def decode(answer):
    """Data of a response APDU. Raises ProtocolError if too short, StatusError unless 9000."""
    sw = status(answer)
    if sw != 0x9000:
        raise StatusError(sw, answer[:-2])
    return answer[:-2]


def expected(command):
    """Size of the answer that a command's Le byte asks for, or 0 if it has none (case 3)."""
    size = len(command)
    if size == 5 or (size > 5 and size == 6 + command[4]):
        return (command[-1] or 256) + 2
    return 0


async def send(target, command):
    """Exchange one APDU; returns the answer's data. Follows 61xx and 6Cxx.

    Raises StatusError for any other status word but 9000, ProtocolError for a broken answer, and
    what the reader raises (CardGone, LinkError).
    """
    answer = bytes(
        await target.exchange(command, expected(command))
    )  # the reader's buffer is used again
    data = b""
    for _ in range(_MAX_FETCHES):
        sw = status(answer)
        if sw >> 8 == 0x6C:  # the same again with the right Le, be it in place of one or not
            head = command[:-1] if expected(command) else command
            answer = bytes(await target.exchange(head + bytes((sw & 0xFF,))))
        elif sw >> 8 == 0x61:
            data += answer[:-2]
            command = encode(0, 0xC0, 0, 0, le=sw & 0xFF or 256)
            answer = bytes(await target.exchange(command))
        else:
            return data + decode(answer)
    raise ProtocolError("card never stops offering more data")
