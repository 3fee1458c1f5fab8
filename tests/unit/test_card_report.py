"""The report of `onecard card read`: what each card tells, and what it may not do to a screen."""

import json

import pytest
from filecard import FileCard, tlv
from onecard.card.report import as_dicts, read_card
from onecard.cli import card_read, main
from test_occard_identity import ID, NAME, PAN, bank_card, ndef_tag, social_card
from virtual import run


def text_record(text):
    payload = b"\x02zh" + text.encode()
    return bytes([0xD1, 1, len(payload)]) + b"T" + payload


def report(card):
    card.reset_answer = bytes.fromhex("0578807002")
    card.close = lambda: None
    return dict(run(read_card(card)))


def test_p6_a_holder_is_shown_masked():
    found = dict(report(social_card())["social security"])
    assert found["name"] == "张**" and found["issuing region"] == "440301"
    assert ID not in str(found) and NAME not in str(found)


def test_p6_a_bank_account_is_shown_by_four_digits():
    found = dict(report(bank_card())["bank"])
    assert found["account"] == "**** 4890" and PAN[6:12] not in str(found)


def test_a_bank_cards_counter_is_shown_where_the_card_tells_it():
    card = bank_card()
    assert "transaction counter" not in dict(report(card)["bank"])
    body = tlv("57", bytes.fromhex(PAN + "D3012201")) + tlv("9F36", b"\x01\x02")
    card._answers[bytes.fromhex("00B2010C00")] = tlv("70", body)
    assert dict(report(card)["bank"])["transaction counter"] == "258"


def test_a_card_that_keeps_its_holder_to_itself_says_why():
    found = dict(report(social_card(guarded=[b"\xef\x06"]))["social security"])
    assert "6982" in found["holder"] and "name" not in found
    assert (found["issuing region"], found["generation"]) == ("440301", "3")
    found = dict(report(social_card(guarded=[b"\xef\x05", b"\xef\x06"]))["social security"])
    assert list(found) == ["not read"] and "6982" in found["not read"]


def test_nothing_on_the_card_is_told_as_such():
    assert "none" in dict(report(FileCard({}))["card"])["applications"]


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "[/bold]", "[red]", "a\u202eb", "\r\n"])
@pytest.mark.parametrize("as_json", [True, False])
def test_p7_a_tags_text_cannot_steer_the_screen(text, as_json, monkeypatch, capsys):
    card = ndef_tag(text_record(text))
    card.reset_answer, card.close = b"", lambda: None
    monkeypatch.setattr(card_read, "open_target", lambda reader, pcsc: card)
    monkeypatch.setattr(card_read, "drive", run)
    words = ["onecard", "card", "read", "--reader", "x", *(["--json"] if as_json else [])]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as caught:
        main()
    out = capsys.readouterr().out
    assert caught.value.code == 0
    shown = "".join(char if char.isprintable() else "?" for char in text)
    if as_json:
        (part,) = [p for p in json.loads(out) if p["application"] == "NDEF"]
        assert part["fields"] == {"record 1": "text: " + shown}
    else:
        assert "text: " + shown in out and "\x1b" not in out


def test_json_has_the_same_fields():
    card = social_card()
    card.reset_answer = b""
    sections = run(read_card(card))
    assert as_dicts(sections)[1]["fields"] == dict(sections[1][1])
