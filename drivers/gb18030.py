"""GB18030 for receipt printers, by a table of the characters that are in use.

MicroPython has no such codec and the whole table is 48 kB; the build makes one of the characters
of the firmware's texts (build/gen/gb_table.py), and a board hands it in.
"""

_REPLACEMENT = b"?"


class Encoder:
    """characters: those beyond ASCII. codes: two bytes for each, in the same order.

    Raises ValueError if they do not match.
    """

    def __init__(self, characters: str, codes: bytes):
        if len(codes) != 2 * len(characters):
            raise ValueError("%d bytes for %d characters" % (len(codes), len(characters)))
        self._characters = characters
        self._codes = codes
        self._lent: "dict[str, bytes]" = {}

    def lend(self, codes: "dict[str, bytes]") -> None:
        """Characters beside the table's, in the place of those before: to two bytes each."""
        self._lent = codes

    def encode(self, text: str) -> bytes:
        """One byte for each ASCII character, two for others: as many as columns on paper.

        What is not in the table, and control characters (they would be commands to the printer),
        become "?".
        """
        out = bytearray()
        for character in text:
            if " " <= character <= "~":
                out.append(ord(character))
                continue
            at = 2 * self._characters.find(character)
            if at >= 0:
                out.extend(self._codes[at : at + 2])
            else:
                out.extend(self._lent.get(character, _REPLACEMENT))
        return bytes(out)
