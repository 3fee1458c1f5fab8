"""Everything in the non-volatile memory of a purse application (JR/T 0025, JT/T 978)."""

from dataclasses import dataclass

from onecard.sim.cards.cipher import SM4_SESSIONS
from onecard.sim.cards.memory import choice, key, number, octets, records, secret_octets

AID_TRANSIT = bytes.fromhex("A000000632010105")
AID_CITY = bytes.fromhex("A00000000386980701")
LOG_SIZE, JOURNEY_SIZE, RIDE_SIZE = 23, 48, 128
MAC_TRIES = 15
_MOST = 0x7FFFFFFF


@dataclass(frozen=True)
class Proof:
    """For GET TRANSACTION PROVE: the last transaction of one type."""

    tti: int = number(0, 255)
    serial: int = number(0, 0xFFFF)
    mac: bytes = octets("00000000")
    tac: bytes = octets("00000000")


@dataclass(frozen=True)
class PurchaseKey:
    """A further purchase key beside `dpk`, for the terminals that name its index."""

    index: int = number(2, 255)
    version: int = number(1, 255)
    key: bytes = key()


@dataclass(frozen=True)
class PurseState:
    """Amounts in fen; serials, dates and numbers in packed BCD as on the card.

    serial: 10 bytes. balance: of the purse (EP); below zero: overdraft in use. deposit: of the
    deposit (ED), if has_deposit. overdraft_limit, deposit_overdraft: what may be overdrawn.
    dpk, dlk, duk, dulk, dtk: keys of this very card, diversified already, for purchase, load,
    overdraft update, unload and TAC. line_key, auth_key: line protection, external authentication.
    key_indexes: those for which dpk stands (and dlk, duk, dulk). algorithm: the byte that
    INITIALIZE answers; 04 is SM4. pin: packed BCD, empty: no command needs a PIN.
    security_id: nine bytes that the purchase MAC1 covers too on housing ministry (CJ/T) cards, or
    none. proofs: the last transaction of each type. log: EF 18, newest first. journeys: EF 1E,
    newest first. rides: EF 1A, by record number. locked: "", "temporary" or "permanent".
    holder_access: what reading EF 16 needs.
    """

    serial: bytes = octets("03109990012345678900")
    issuer: bytes = octets("31099900FFFFFFFF")
    start_date: bytes = octets("20240101")
    end_date: bytes = octets("20441231")
    balance: int = number(0, _MOST, -0xFFFFFF)
    balance_limit: int = number(100_000, _MOST)
    overdraft_limit: int = number(0, 0xFFFFFF)
    has_deposit: bool = False
    deposit: int = number(0, _MOST, -0xFFFFFF)
    deposit_limit: int = number(1_000_000, _MOST)
    deposit_overdraft: int = number(0, 0xFFFFFF)
    offline_serial: int = number(0, 0xFFFF)
    online_serial: int = number(0, 0xFFFF)
    dpk: bytes = key()
    dlk: bytes = key()
    duk: bytes = key()
    dulk: bytes = key()
    dtk: bytes = key("00112233445566778899AABBCCDDEEFF")
    line_key: bytes = key()
    auth_key: bytes = key()
    key_indexes: tuple[int, ...] = (1,)
    key_version: int = number(1, 255)
    more_keys: tuple[PurchaseKey, ...] = ()
    algorithm: int = number(0, 255)
    sm4_session: str = choice(*SM4_SESSIONS)
    security_id: bytes = octets("", most=9)
    pin: bytes = secret_octets(6)
    pin_tries: int = number(3, 15)
    auth_tries: int = number(3, 15)
    aid: bytes = octets("A000000632010105", most=16)
    holder: bytes = octets("00" * 55, most=55)
    holder_access: str = choice("free", "pin", "auth")
    management: bytes = octets("00000156340034010001" + "01" + "00" * 49)
    log: tuple[bytes, ...] = records(LOG_SIZE, 30)
    log_size: int = number(10, 30, 10)
    rides: tuple[bytes, ...] = records(RIDE_SIZE, 255)
    journeys: tuple[bytes, ...] = records(JOURNEY_SIZE, 30)
    proofs: tuple[Proof, ...] = ()
    locked: str = choice("", "temporary", "permanent")
    mac_tries: int = number(MAC_TRIES, 15)
