"""The terminal's side of the link: answers the host while the terminal stays in service.

Messages and session: ocwire/SPEC.md sections 3 to 5. Nothing a peer sends can end this task, and
it holds one frame at most.
"""

import asyncio
import gc
import os
import struct

import occrypto
from ocwire import calendar, frame, message
from ocwire.errors import MessageError, SessionError, WireError
from ocwire.session import HOST, TERMINAL, Session, proof

_READ_SIZE = 256
_IDLE_MS = 200
_BATCH_SIZE = 2048
_EARLIEST_S = calendar.unix(2024, 1, 1)
_LATEST_S = calendar.unix(2100, 1, 1)


class Refused(Exception):
    """A request this terminal does not grant now; the text goes to the host."""

    def __init__(self, text, code=message.E_REFUSED):
        super().__init__(text)
        self.code = code


class LinkService:
    """terminal: app.Terminal. port: the board's byte stream (read_into, async write)."""

    def __init__(self, terminal, port):
        self._terminal = terminal
        self._port = port
        self._decoder = frame.Decoder()
        self._buf = bytearray(_READ_SIZE)
        self._session = None
        self._nonces = None
        self._parts = b""  # of a configuration
        self._open_handlers = {
            message.HELLO: self._hello,
            message.AUTHENTICATE: self._authenticate,
            message.PROVISION: self._provision_first,
            message.CONFIG_PART: self._config_part_first,
            message.SERVICE: self._service_unprovisioned,
            message.UPDATE_STATUS: self._update_status_unprovisioned,
            message.SEALED: self._sealed,
        }
        self._sealed_handlers = {
            message.STATUS: self._status,
            message.PULL: self._pull,
            message.ACKNOWLEDGE: self._acknowledge,
            message.SET_TIME: self._set_time,
            message.CONFIGURE: self._configure,
            message.CONFIG_PART: self._config_part,
            message.READ_CONFIG: self._read_config,
            message.HOTLIST: self._hotlist,
            message.PROVISION: self._provision,
            message.SERVICE: self._service,
            message.UPDATE_STATUS: self._update_status,
            message.UPDATE_BEGIN: self._update_begin,
            message.UPDATE_DATA: self._update_data,
            message.UPDATE_ACTIVATE: self._update_activate,
            message.UPDATE_CONFIRM: self._update_confirm,
            message.QUESTION: self._question,
            message.REPLY: self._reply,
            message.LIST: self._list,
        }

    async def run(self):
        """Serve until the terminal is asked into service mode."""
        view = memoryview(self._buf)
        while not self._terminal.is_stopping:
            self._terminal.updates.link_moves()
            count = await self._port.read_into(view, _IDLE_MS)
            if not count:
                self._decoder.reset()  # a frame whose sender died must not swallow the next one's
                continue
            for payload in self._decoder.feed(view[:count]):
                await self._port.write(frame.encode(await self._answer(payload)))

    async def _answer(self, payload):
        """The answer to one payload; every failure becomes an ERROR message."""
        kind = payload[0]
        try:
            kind, fields, tail = message.unpack(payload)
            handler = self._open_handlers.get(kind)
            if handler is None:
                raise Refused("message %02x is not taken here" % kind, message.E_UNKNOWN)
            return await handler(fields, tail)
        except Exception as error:
            return _error(kind, error)

    # -- before a session -------------------------------------------------------------

    async def _hello(self, fields, tail):
        version, host_nonce = fields
        if version != message.PROTOCOL_VERSION:
            raise Refused("protocol version %d is not spoken here" % version)
        self._session, self._parts = None, b""
        self._nonces = (host_nonce, os.urandom(16))
        return message.pack(
            message.HELLO | message.ANSWER,
            message.PROTOCOL_VERSION,
            self._terminal.state(),
            self._terminal.id,
            self._nonces[1],
            tail=self._terminal.description.encode(),
        )

    async def _authenticate(self, fields, tail):
        keys = self._terminal.keys
        if keys is None or self._nonces is None:
            raise Refused("say HELLO first" if keys else "terminal is not provisioned")
        nonces, self._nonces = self._nonces, None  # one try a nonce
        if not occrypto.equal(fields[0], proof(keys.link, HOST, keys.terminal_id, *nonces)):
            raise Refused("host has another link key than terminal %s" % keys.terminal_id.hex())
        self._session = Session(TERMINAL, keys.link, keys.terminal_id, *nonces)
        return message.pack(
            message.AUTHENTICATE | message.ANSWER,
            proof(keys.link, TERMINAL, keys.terminal_id, *nonces),
        )

    async def _provision_first(self, fields, tail):
        if self._terminal.keys is not None:
            raise Refused("already provisioned: authenticate first")
        return await self._provision(fields, tail)

    async def _config_part_first(self, fields, tail):
        if self._terminal.keys is not None:
            raise Refused("already provisioned: authenticate first")
        return await self._config_part(fields, tail)

    async def _service_unprovisioned(self, fields, tail):
        if self._terminal.keys is not None:
            raise Refused("authenticate first")
        return await self._service(fields, tail)

    async def _sealed(self, fields, tail):
        if self._session is None:
            raise Refused("no session: say HELLO and authenticate")
        inner = self._session.open(fields[0], tail)
        self._terminal.online.heard_s = self._terminal.clock.now_s()
        kind = inner[0]
        try:
            kind, fields, tail = message.unpack(inner)
            handler = self._sealed_handlers.get(kind)
            if handler is None:
                raise Refused("message %02x is not taken here" % kind, message.E_UNKNOWN)
            answer = await handler(fields, tail)
        except Exception as error:
            answer = _error(kind, error)
        return self._session.seal(answer)

    # -- in a session -----------------------------------------------------------------

    async def _status(self, fields, tail):
        terminal, journal = self._terminal, self._terminal.journal
        if terminal.engine is None:
            raise Refused("out of order: " + terminal.fault, message.E_FAILED)
        gc.collect()
        return message.pack(
            message.STATUS | message.ANSWER,
            terminal.state(),
            terminal.clock.now_s(),
            journal.oldest_seq,
            journal.next_seq,
            journal.acked,
            len(journal.open),
            journal.free_bytes,
            journal.boots,
            terminal.hotlist.version,
            journal.failed_programs,
            gc.mem_free(),
            tail=_out_of_order(terminal).encode()[:200],
        )

    async def _pull(self, fields, tail):
        seq, window = fields
        journal = self._terminal.journal
        while window > 0:
            first, raw = journal.read(seq, _BATCH_SIZE)
            seq = first
            if not raw:
                break
            batch = message.pack(message.RECORDS, first, tail=raw)
            await self._port.write(frame.encode(self._session.seal(batch)))
            seq += _count(raw)
            window -= len(raw)
            self._terminal.updates.link_moves()
            await asyncio.sleep_ms(0)
        return message.pack(message.PULL | message.ANSWER, seq)

    async def _acknowledge(self, fields, tail):
        acked = self._terminal.journal.acknowledge(*fields)
        return message.pack(message.ACKNOWLEDGE | message.ANSWER, acked)

    async def _set_time(self, fields, tail):
        if not _EARLIEST_S <= fields[0] < _LATEST_S:
            raise Refused("time %d is not between 2024 and 2100" % fields[0], message.E_BAD_DATA)
        self._terminal.set_time(fields[0])
        return message.pack(message.SET_TIME | message.ANSWER)

    async def _config_part(self, fields, tail):
        offset = fields[0]
        if not offset <= len(self._parts) <= message.CONFIG_SIZE - len(tail):
            raise Refused("a part at %d is out of place" % offset, message.E_BAD_DATA)
        self._parts = self._parts[:offset] + tail
        return message.pack(message.CONFIG_PART | message.ANSWER, len(self._parts))

    def _whole(self, tail):
        """The configuration that came: in this message, or in parts before it."""
        parts, self._parts = self._parts, b""
        return tail or parts

    async def _configure(self, fields, tail):
        self._terminal.configure(self._whole(tail))
        return message.pack(message.CONFIGURE | message.ANSWER)

    async def _read_config(self, fields, tail):
        if tail and len(tail) != 4:
            raise MessageError("an offset has 4 bytes")
        offset = struct.unpack(">I", tail)[0] if tail else 0
        part = self._terminal.config_json()[offset : offset + message.PART_SIZE]
        return message.pack(message.READ_CONFIG | message.ANSWER, tail=part)

    async def _hotlist(self, fields, tail):
        base, version, add_count = fields
        hotlist = self._terminal.hotlist
        if add_count * 10 > len(tail):
            raise MessageError("%d serials announced, %d bytes sent" % (add_count, len(tail)))
        hotlist.apply(base, version, tail[: add_count * 10], tail[add_count * 10 :])
        return message.pack(message.HOTLIST | message.ANSWER, hotlist.version)

    async def _provision(self, fields, tail):
        self._terminal.updates.check_settled()
        self._terminal.provision(fields, self._whole(tail))
        return message.pack(message.PROVISION | message.ANSWER)

    async def _service(self, fields, tail):
        self._terminal.updates.check_settled()
        self._terminal.stop()
        return message.pack(message.SERVICE | message.ANSWER)

    async def _question(self, fields, tail):
        number, left_ms, text = await self._terminal.online.question(fields[0])
        return message.pack(message.QUESTION | message.ANSWER, number, left_ms, tail=text)

    async def _reply(self, fields, tail):
        is_in_time = self._terminal.online.take(fields[0], tail)
        return message.pack(message.REPLY | message.ANSWER, is_in_time)

    async def _list(self, fields, tail):
        offset = self._terminal.take_list(*fields, tail)
        return message.pack(message.LIST | message.ANSWER, offset)

    # -- updates --------------------------------------------------------------------------

    async def _update_status_unprovisioned(self, fields, tail):
        if self._terminal.keys is not None:
            raise Refused("authenticate first")
        return await self._update_status(fields, tail)

    async def _update_status(self, fields, tail):
        values, text = self._terminal.updates.status()
        return message.pack(
            message.UPDATE_STATUS | message.ANSWER, *values, tail=text.encode()[:200]
        )

    async def _update_begin(self, fields, tail):
        offset = self._terminal.updates.begin(tail)
        return message.pack(message.UPDATE_BEGIN | message.ANSWER, offset)

    async def _update_data(self, fields, tail):
        offset = self._terminal.updates.write(fields[0], tail)
        return message.pack(message.UPDATE_DATA | message.ANSWER, offset)

    async def _update_activate(self, fields, tail):
        self._terminal.updates.activate()
        return message.pack(message.UPDATE_ACTIVATE | message.ANSWER)

    async def _update_confirm(self, fields, tail):
        await self._terminal.updates.confirm()
        return message.pack(message.UPDATE_CONFIRM | message.ANSWER)


def _out_of_order(terminal):
    """What the technician should see to, in words."""
    bad = terminal.journal.bad_sectors
    worn = "%d worn sectors of the journal are left out" % bad if bad else ""
    return "; ".join(text for text in (terminal.fault, worn) if text)


def _count(raw):
    """Number of records in `raw` (records back to back)."""
    count = offset = 0
    while offset < len(raw):
        offset += raw[offset]
        count += 1
    return count


def _error(kind, error):
    if isinstance(error, Refused):
        code = error.code
    elif isinstance(error, SessionError):
        code = message.E_REFUSED
    elif isinstance(error, (WireError, ValueError)):
        code = message.E_BAD_DATA
    else:
        code = message.E_FAILED
    text = "%s: %s" % (type(error).__name__, error)
    return message.pack(message.ERROR, kind, code, tail=text.encode()[:200])
