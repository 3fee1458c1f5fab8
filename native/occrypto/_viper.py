"""The pure Python twin with its inner loops in MicroPython's viper: for boards without C.

ImportError where there is no native emitter: on CPython, on ports built without one, and of a
.mpy made for another one. Importing this changes occrypto._reference's parts too.
TIME DEPENDS ON SECRETS, as in the twin.
"""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("no viper on " + sys.implementation.name)

try:
    # Apart, since without an emitter the compiler refuses a whole file.
    from occrypto import _viper_ciphers, _viper_hash
except (SyntaxError, ValueError) as error:
    raise ImportError("no native emitter: " + str(error))

from occrypto import _reference
from occrypto import _reference_aes as _aes
from occrypto import _reference_crc as _crc
from occrypto import _reference_des as _des
from occrypto import _reference_hash as _hash
from occrypto import _reference_sm4 as _sm4
from occrypto import _reference_util as _util

binding = "viper"

_util.xor = _viper_hash.xor
_crc.reflected = _viper_hash.reflected
_crc.straight = _viper_hash.straight
_hash.sm3_blocks = _viper_hash.sm3_blocks
_hash.sha256_blocks = _viper_hash.sha256_blocks
_sm4.schedule = _viper_ciphers.sm4_schedule
_sm4.encrypt = _viper_ciphers.sm4_encrypt
_sm4.decrypt = _viper_ciphers.sm4_decrypt
_aes.schedule = _viper_ciphers.aes_schedule
_aes.encrypt = _viper_ciphers.aes_encrypt
_aes.decrypt = _viper_ciphers.aes_decrypt
_des.passes = _viper_ciphers.des_passes
_des.ecb = _viper_ciphers.des_ecb

for _name in dir(_reference):
    if not _name.startswith("_") and _name != "binding":
        globals()[_name] = getattr(_reference, _name)
