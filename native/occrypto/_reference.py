"""The C core's twin in plain Python: slow, easy to read, the same answers and errors.

For tests and reading, on CPython and MicroPython alike. It follows the standards' own text and
shares no code or table layout with the C core, so that the two cannot share a mistake. Contracts:
occrypto/__init__.pyi. TIME DEPENDS ON SECRETS everywhere here, but for `equal`.
"""

from occrypto import _reference_crc as _crc
from occrypto import _reference_hash as _hash
from occrypto import _reference_modes as _modes
from occrypto import _reference_pboc as _pboc
from occrypto import _reference_sm2 as _sm2
from occrypto import _reference_util as _util

binding = "reference"

crc_a = _crc.crc_a
crc_b = _crc.crc_b
crc_ccitt = _crc.crc_ccitt
crc32 = _crc.crc32

sm3 = _hash.sm3
sm3_start = _hash.sm3_start
sm3_update = _hash.sm3_update
sm3_finish = _hash.sm3_finish
sm3_kdf = _hash.sm3_kdf
hmac_sm3 = _hash.hmac_sm3
sha256 = _hash.sha256
sha256_start = _hash.sha256_start
sha256_update = _hash.sha256_update
sha256_finish = _hash.sha256_finish
hmac_sha256 = _hash.hmac_sha256

sm4_ecb_encrypt = _modes.sm4_ecb_encrypt
sm4_ecb_decrypt = _modes.sm4_ecb_decrypt
sm4_cbc_encrypt = _modes.sm4_cbc_encrypt
sm4_cbc_decrypt = _modes.sm4_cbc_decrypt
sm4_cbc_mac = _modes.sm4_cbc_mac
sm4_cmac = _modes.sm4_cmac
sm4_ctr = _modes.sm4_ctr
sm4_ccm_seal = _modes.sm4_ccm_seal
sm4_ccm_open = _modes.sm4_ccm_open
aes_ecb_encrypt = _modes.aes_ecb_encrypt
aes_ecb_decrypt = _modes.aes_ecb_decrypt
aes_cbc_encrypt = _modes.aes_cbc_encrypt
aes_cbc_decrypt = _modes.aes_cbc_decrypt
aes_cmac = _modes.aes_cmac
aes_ctr = _modes.aes_ctr

des_ecb_encrypt = _pboc.des_ecb_encrypt
des_ecb_decrypt = _pboc.des_ecb_decrypt
pboc_session_key = _pboc.pboc_session_key
pboc_mac = _pboc.pboc_mac
pboc_tac = _pboc.pboc_tac
mac_alg3 = _pboc.mac_alg3
diversify_des = _pboc.diversify_des
diversify_sm4 = _pboc.diversify_sm4

sm2_public_key = _sm2.sm2_public_key
sm2_point = _sm2.sm2_point
sm2_z = _sm2.sm2_z
sm2_digest = _sm2.sm2_digest
sm2_sign = _sm2.sm2_sign
sm2_verify = _sm2.sm2_verify
sm2_signature = _sm2.sm2_signature
sm2_signature_der = _sm2.sm2_signature_der

equal = _util.equal
wipe = _util.wipe

if _util.ON_HOST:  # a terminal's image leaves the file out
    from occrypto import _reference_records as _records

    records_check = _records.records_check
    records_verify = _records.records_verify
    pboc_tacs = _records.pboc_tacs
