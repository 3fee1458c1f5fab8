"""Questions to the host while somebody waits: answered in time, or nothing is done."""

import asyncio
import json

import pytest
import virtual
from inproc import Running, keystore
from ocwire import glyphs, record
from onecard.gateway import Gateway
from terminal.online import NoAnswer, Offline, Online
from terminal.outcomes import CODE_WRONG, OFFLINE


async def host(online, answer, times=1):
    """A host that comes, and answers as often as it is asked."""
    for _ in range(times):
        number, left_ms, text = await online.question(1000)
        while not number:
            number, left_ms, text = await online.question(1000)
        assert left_ms > 0
        reply = answer(*json.loads(text))
        assert online.take(number, reply if isinstance(reply, bytes) else json.dumps(reply))


def ask(answer, deadline_ms=2000):
    async def both():
        online = Online()
        await online.question(0)  # a host was there
        serving = asyncio.create_task(host(online, answer))
        try:
            return await online.ask("load", {"amount": 5}, deadline_ms)
        finally:
            serving.cancel()

    return virtual.run(both())


def test_a_question_is_given_to_the_host_and_its_answer_to_whoever_asked():
    assert ask(lambda what, values: {"what": what, **values}) == {"what": "load", "amount": 5}


def test_without_a_host_nobody_waits():
    with pytest.raises(Offline):
        virtual.run(Online().ask("load", {}))


@pytest.mark.parametrize("reply", [b"{", b"[1]", b"\xff", b"5"])
def test_p7_an_answer_that_cannot_be_read_is_none(reply):
    with pytest.raises(NoAnswer):
        ask(lambda *_: reply)


@pytest.mark.parametrize("lent", ["A", 5, "!" * 48])
def test_p7_an_answer_whose_glyphs_are_none_is_no_answer(lent):
    async def both():
        online = Online(glyphs.unpack)
        await online.question(0)
        serving = asyncio.create_task(host(online, lambda *_: {"mac2": "00", "glyphs": lent}))
        try:
            return await online.ask("load", {})
        finally:
            serving.cancel()

    with pytest.raises(NoAnswer, match="glyphs"):
        virtual.run(both())


def test_an_answer_that_comes_too_late_is_refused():
    async def late():
        online = Online()
        await online.question(0)
        asking = asyncio.create_task(online.ask("load", {}, 300))
        number, _, _ = await online.question(1000)
        await asyncio.sleep(0.5)
        with pytest.raises(NoAnswer):
            await asking
        return number, online.take(number, b"{}")

    number, is_in_time = virtual.run(late())
    assert number and not is_in_time


def test_a_host_that_stays_away_is_noticed():
    async def passing():
        online = Online()
        await online.question(0)
        before = online.is_there
        await asyncio.sleep(6)
        return before, online.is_there

    assert virtual.run(passing()) == (True, False)


@pytest.mark.parametrize(("answer", "kind"), [({}, None), ({"refused": "unknown"}, CODE_WRONG)])
def test_a_code_that_was_not_proved_here_is_asked_about(answer, kind):
    async def both():
        online = Online()
        await online.question(0)
        serving = asyncio.create_task(host(online, lambda *_: answer))
        try:
            return await online.refuses_code(b"code", record.ADMISSION)
        finally:
            serving.cancel()

    refused = virtual.run(both())
    assert (refused and refused.kind) == kind


def test_a_code_that_was_not_proved_lets_nobody_in_without_a_host():
    assert virtual.run(Online().refuses_code(b"x", 1)).kind == OFFLINE


# -- over the link --------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path):
    one = Running(tmp_path)
    keys = keystore()
    client = one.client()
    client.hello()
    client.provision(keys.provision_fields("112233445566"), {"scene": "topup"})
    client.hello()
    client.authenticate(keys.link_key("112233445566"))
    one.open_client = client
    yield one
    one.close()


def test_the_gateway_answers_once_and_from_memory_when_it_is_asked_again(terminal):
    asked = []

    def load(name, values):
        asked.append((name, values["amount"]))
        return {"mac2": "00"}

    gateway, client = Gateway({"load": load}), terminal.open_client
    assert not gateway.serve(client, "112233445566", 0)
    online = terminal.terminal.online
    asking = terminal.loop.create_task(online.ask("load", {"amount": 7}))
    terminal.run(0.1)
    question = client.question(0)
    assert (question.what, question.values) == ("load", {"amount": 7})
    assert gateway.serve(client, "112233445566", 0)
    terminal.run(0.1)
    assert asking.result() == {"mac2": "00"} and asked == [("112233445566", 7)]
    assert not client.reply(question.number, {}) and gateway.answered == 1


def test_what_nobody_answers_and_what_fails_is_refused_in_words(terminal):
    gateway, client = Gateway({"lend": lambda *_: {}["x"]}), terminal.open_client
    client.question(0)
    for what, words in (("load", "nobody here answers load"), ("lend", "KeyError")):
        asking = terminal.loop.create_task(terminal.terminal.online.ask(what, {}))
        terminal.run(0.1)
        assert gateway.serve(client, "112233445566", 0)
        terminal.run(0.1)
        assert words in asking.result()["refused"]
