"""What can happen to a scene, as Till.next() tells it: (kind, value)."""

OVER = 0  # the scene returns: another configuration, or service mode
CARD = 1  # value: the reader's Target
KEY = 2  # value: the key's name, see boards/README.md
CODE = 3  # value: bytes of a bar code or a QR code
TICK = 4  # nothing happened for a moment


def text_of(code, most):
    """A scanned code as text: what is printable of it, at most so many characters."""
    return "".join(chr(byte) for byte in code[:most] if 0x20 <= byte < 0x7F)
