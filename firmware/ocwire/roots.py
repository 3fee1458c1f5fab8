"""Public keys in settings: whose ride codes are taken, who may sign updates and lists."""

from binascii import unhexlify

import occrypto


def qr_roots(text):
    """{root key index: SM2 public key, compressed} of "1=03AB...", more after spaces.

    Raises ValueError with the words that are wrong.
    """
    found = {}
    for word in text.split():
        index, _, key = word.partition("=")
        try:
            found[int(index)] = unhexlify(key)
            occrypto.sm2_point(found[int(index)])
        except ValueError:
            raise ValueError("%s is no index=SM2 public key" % word[:20]) from None
    return found


def sm2_keys(text):
    """SM2 public keys (X|Y) of compressed ones in hex, with spaces. Raises ValueError likewise."""
    found = []
    for word in text.split():
        try:
            found.append(occrypto.sm2_point(unhexlify(word)))
        except ValueError:
            raise ValueError("%s is no SM2 public key" % word[:20]) from None
    return found
