"""QR codes that stand for a card: parsed, proved and timed before anybody is let in.

Two formats, each with a decoder; a place may add its own to the list. The transport ministry's
code (as public gate software reads it; its standard is not free) is proved off line by a chain of
three SM2 signatures. The electronic social security card shows an opaque token that only the
national platform can resolve: here it is checked for its shape and its age alone.
"""

import struct

import occrypto
from ocwire import calendar

from .errors import CardError

_DEFAULT_ID = b"1234567812345678"
_NATIONWIDE, _LOCAL = 0x80, 0x81
_CERTIFICATE_SIZE = 117
_CERTIFICATE_AT = 3
_FREE_SIZE_AT = 197
_SIGNATURE_SIZE = 65  # a marker byte, r and s
_MOST = 512
_TOKEN_SIZES = 8, 128


class CodeError(CardError):
    """A code that is not taken. is_stale: out of its time or shown twice; else it is not genuine
    or not understood."""

    def __init__(self, text, is_stale=False):
        super().__init__(text)
        self.is_stale = is_stale


class Code:
    """What a code says. kind: its decoder's. account: its identity, bytes (transit: 10 BCD).

    generated_s: UTC seconds; lifetime_s: seconds. most: fen of one payment, 0 for a code that pays
    nothing. is_proved: its signatures were checked here; False: only an online check can tell.
    """

    def __init__(self, kind, account, generated_s, lifetime_s, most, is_proved):
        self.kind = kind
        self.account = account
        self.generated_s = generated_s
        self.lifetime_s = lifetime_s
        self.most = most
        self.is_proved = is_proved


class TransitDecoder:
    """Transport ministry codes, 332 bytes and a free part.

    roots: {root key index: SM2 public key, X|Y or compressed}. counts_itself: whether the length
    field counts version and itself too, which is not published: None takes either reading. The
    certificate's expiry is read as MMYY and as YYMM, BCD, for the same reason: one that has passed
    by both is refused. markers: the bytes that may stand before the issuer's and the user's
    signature, whose meaning is not published either; None takes any.
    """

    kind = "transit"

    def __init__(self, roots, counts_itself=None, markers=None):
        self._roots = {index: occrypto.sm2_point(key) for index, key in roots.items()}
        self._counts_itself = counts_itself
        self._markers = markers

    def recognises(self, raw):
        """True if these bytes begin as such a code."""
        return len(raw) > 263 and raw[0] in (_NATIONWIDE, _LOCAL)

    def decode(self, raw, now_s):
        """The Code, proved. Raises CodeError."""
        free_size = raw[_FREE_SIZE_AT]
        signed_end = 198 + free_size
        if len(raw) != 332 + free_size:
            raise CodeError("code of %d bytes, %d expected" % (len(raw), 332 + free_size))
        self._check_length(raw)
        self._check_markers(raw[signed_end], raw[signed_end + _SIGNATURE_SIZE + 4])
        generated_s = struct.unpack_from(">I", raw, 263 + free_size)[0]
        self._prove(raw, signed_end, now_s)
        expiry_s = struct.unpack_from(">I", raw, 191)[0]
        if generated_s > expiry_s:
            raise CodeError("account is no longer valid", True)
        lifetime_s = raw[195] << 8 | raw[196]
        most = raw[155] << 16 | raw[156] << 8 | raw[157]
        return Code(self.kind, bytes(raw[136:146]), generated_s, lifetime_s, most, True)

    def _check_length(self, raw):
        said = raw[1] << 8 | raw[2]
        readings = {None: (len(raw), len(raw) - 3), True: (len(raw),), False: (len(raw) - 3,)}
        if said not in readings[self._counts_itself]:
            raise CodeError("code says it has %d bytes" % said)

    def _check_markers(self, *found):
        for marker in found:
            if self._markers is not None and marker not in self._markers:
                raise CodeError("signature of kind %02X is not known here" % marker)

    def _prove(self, raw, signed_end, now_s):
        """Root signs the issuer's certificate, the issuer the account, the user this code."""
        certificate = raw[_CERTIFICATE_AT : _CERTIFICATE_AT + _CERTIFICATE_SIZE]
        if _has_passed(certificate[11:13], now_s):
            raise CodeError("issuer's certificate has expired", True)
        is_local = raw[0] == _LOCAL
        root = self._roots.get(certificate[5])
        if root is None:
            raise CodeError("root key %d is not known here" % certificate[5])
        body, signature = certificate[6:53], certificate[53:]
        self._verify(root, certificate[1:6] if is_local else _DEFAULT_ID, body, signature, "root")
        issuer = self._point(body[14:47], "issuer")
        issuer_id = raw[146:154] if is_local else _DEFAULT_ID
        at = signed_end
        signature = raw[at + 1 : at + _SIGNATURE_SIZE]
        self._verify(issuer, issuer_id, raw[_CERTIFICATE_AT:signed_end], signature, "issuer")
        user = self._point(raw[158:191], "user")
        at = signed_end + _SIGNATURE_SIZE + 4
        user_id = raw[136:146] if is_local else _DEFAULT_ID
        signature = raw[at + 1 : at + _SIGNATURE_SIZE]
        self._verify(user, user_id, raw[:at], signature, "user")

    @staticmethod
    def _point(raw, whose):
        try:
            return occrypto.sm2_point(bytes(raw))
        except ValueError:
            raise CodeError("%s key is no point of the curve" % whose) from None

    @staticmethod
    def _verify(key, signer, message, signature, whose):
        digest = occrypto.sm2_digest(key, bytes(message), bytes(signer))
        if not occrypto.sm2_verify(key, digest, bytes(signature)):
            raise CodeError("%s signature is wrong" % whose)


def _has_passed(expiry, now_s):
    """True if a month of two BCD bytes has passed, whichever byte is the year."""
    year, month = calendar.civil(now_s)[:2]
    for yy, mm in ((expiry[1], expiry[0]), (expiry[0], expiry[1])):
        text = "%02X%02X" % (yy, mm)
        is_month = text.isdigit() and 1 <= int(text[2:]) <= 12
        if is_month and (2000 + int(text[:2]), int(text[2:])) >= (year, month):
            return False
    return True


class TokenDecoder:
    """Opaque tokens of the electronic social security card. lifetime_s: how long one shown now may
    be used; the platform makes a new one about each minute."""

    kind = "token"

    def __init__(self, lifetime_s=60):
        self._lifetime_s = lifetime_s

    def recognises(self, raw):
        """True if it could be a token: printable, and neither too short nor too long."""
        lowest, highest = _TOKEN_SIZES
        return lowest <= len(raw) <= highest and all(0x21 <= byte < 0x7F for byte in raw)

    def decode(self, raw, now_s):
        """The Code, to be checked on line. Its age is counted from when it is first seen."""
        return Code(self.kind, bytes(raw), now_s, self._lifetime_s, 0, False)


class Codes:
    """decoders: tried in order. skew_s: how far the clocks of phones may be ahead of ours.

    seen: how many codes are remembered so that none is taken twice; when more come inside their
    lifetime the oldest is forgotten only once it has run out, and until then new ones are refused.
    Codes that were not proved are counted apart: anybody can make those, and may not fill the list
    of the others.
    """

    def __init__(self, decoders, skew_s=30, seen=64):
        self._decoders = decoders
        self._skew_s = skew_s
        self._most_seen = seen
        # is_proved -> {(account, generated): when it runs out}
        self._seen = {True: {}, False: {}}

    def take(self, raw, now_s, amount=0):
        """The Code that these bytes are, used up by this call. Raises CodeError."""
        if len(raw) > _MOST:
            raise CodeError("code of %d bytes, limit %d" % (len(raw), _MOST))
        code = self._decode(raw, now_s)
        until_s = code.generated_s + code.lifetime_s + self._skew_s
        if code.generated_s > now_s + self._skew_s:
            raise CodeError("code is of the future: set the clocks", True)
        if now_s > until_s:
            raise CodeError("code has run out", True)
        if amount > code.most and code.is_proved:
            raise CodeError("amount is above the code's limit of %d fen" % code.most)
        self._use_up(code, now_s, until_s)
        return code

    def _decode(self, raw, now_s):
        for decoder in self._decoders:
            if decoder.recognises(raw):
                return decoder.decode(raw, now_s)
        raise CodeError("no code that is known here")

    def _use_up(self, code, now_s, until_s):
        seen = self._seen[code.is_proved]
        for key in [key for key, end_s in seen.items() if end_s < now_s]:
            del seen[key]
        key = (code.account, code.generated_s if code.is_proved else 0)
        if key in seen:
            raise CodeError("code was shown already", True)
        if len(seen) >= self._most_seen:
            raise CodeError("too many codes at once: wait a minute", True)
        seen[key] = until_s
