"""Inventories: every mistake told with its line, all at once, before anything is done."""

import pytest
from onecard.devices import BARE, TERMINAL, Found
from onecard.fleet import InventoryError, labels, read_inventory
from onecard.fleet.provisioning import AssignError, assign

ROOT = "02" + "11" * 32


def written(folder, text, name="fleet.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(path):
    with pytest.raises(InventoryError) as caught:
        read_inventory(path)
    return [str(fault).replace(str(path.parent) + "/", "") for fault in caught.value.faults]


def test_a_csv_and_a_toml_inventory_say_the_same(tmp_path):
    written(tmp_path, 'scene = "library"\n', "library.toml")
    written(tmp_path, "12345678901234567890\n", "hot.txt")
    table = (
        "\ufeffterminal,merchant, price,config,device,hotlist\n"
        "440300000001,第一小学食堂,12.00,,,hot.txt\n"
        "\n"
        "440300000002,图书馆,,library.toml,/dev/ttyACM3,\n"
    )
    first, second = read_inventory(written(tmp_path, table))
    assert (first.terminal, first.settings.values["price"]) == ("440300000001", 1200)
    assert first.hotlist == (bytes.fromhex("12345678901234567890"),)
    assert second.settings.scene == "library" and second.device == "/dev/ttyACM3"
    assert second.hotlist is None and second.line == 4
    toml = """
[[terminal]]
terminal = "440300000001"
merchant = "第一小学食堂"
price = 12.00
hotlist = "hot.txt"

[[terminal]]
terminal = "440300000002"
merchant = "图书馆"
config = "library.toml"
device = "/dev/ttyACM3"
"""
    again = read_inventory(written(tmp_path, toml, "fleet.toml"))
    assert [row.settings.wire for row in again] == [first.settings.wire, second.settings.wire]
    assert [row.line for row in again] == [2, 8]


def test_everything_that_is_wrong_is_told_at_once_with_its_line(tmp_path):
    written(tmp_path, 'scene = "casino"\nprice = -1\n', "bad.toml")
    written(tmp_path, "123\n", "hot.txt")
    path = written(
        tmp_path,
        "terminal,merchant,price,config,device,hotlist,update_root,colour\n"
        "440300000001,a,12,,/dev/a,,,\n"
        "440300000001,b,,,/dev/b,,,\n"
        "44030000000x,c,,,/dev/a,,,\n"
        ",d,,,,,,\n"
        "440300000005,e,ten,,,,,\n"
        "440300000006,f,,bad.toml,,,,\n"
        "440300000007,g,,bad.toml,,hot.txt,,\n"
        "440300000008,h,,missing.toml,,missing.txt,,\n"
        "440300000009,i,,,,,00,\n"
        "000000000000,j,,,,,,\n"
        "440300000011,k,,,,,,,too,many\n",
    )
    told = "\n".join(faults(path))
    print(told)
    for text in (
        "fleet.csv:1: colour: unknown column",
        "fleet.csv:3: terminal: 440300000001 is in line 2 already",
        "fleet.csv:4: terminal: '44030000000x' is not 12 digits",
        "fleet.csv:4: device: /dev/a is in line 2 already",
        "fleet.csv:5: terminal: is missing",
        "fleet.csv:6: price: 'ten' is no amount",
        "bad.toml:1: scene",
        "bad.toml:2: price",
        "fleet.csv:7: config: bad.toml is not right",
        "fleet.csv:8: config: bad.toml is not right",
        "hot.txt:1: '123': an application serial has 20 digits",
        "missing.toml: cannot be read",
        "fleet.csv:9: hotlist: missing.txt cannot be read",
        "fleet.csv:10: update_root",
        "fleet.csv:11: terminal: all zeros",
        "fleet.csv:12: more values than columns",
    ):
        assert text in told, text
    assert told.count("bad.toml:1:") == 1


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("", "fleet.csv", "fleet.csv:1: terminal: this column is needed"),
        ("terminal\n", "fleet.csv", "fleet.csv: lists no terminal"),
        ("a = 1", "fleet.toml", "fleet.toml:1: a: unknown"),
        ("[terminal]\na = 1", "fleet.toml", "must be [[terminal]] tables"),
        ("[[terminal]]\nterminal = true", "fleet.toml", "fleet.toml:2: terminal: must be text"),
        ("[[terminal]", "fleet.toml", "fleet.toml: "),
    ],
)
def test_what_is_no_inventory_is_told(tmp_path, text, name, says):
    assert any(says in fault for fault in faults(written(tmp_path, text, name)))


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    assert "cannot be read" in faults(tmp_path / "no.csv")[0]
    (tmp_path / "b.csv").write_bytes(b"terminal\n\xff\xff\n")
    assert "b.csv:2: is no UTF-8" in faults(tmp_path / "b.csv")[0]


# -- which device is which terminal ---------------------------------------------------------


def found(device, terminal="", kind=TERMINAL):
    return Found(device, kind, device.rpartition("/")[2], terminal=terminal)


@pytest.fixture
def rows(tmp_path):
    table = "terminal,device\n000000000001,/dev/a\n000000000002,\n000000000003,\n"
    return read_inventory(written(tmp_path, table))


def devices(matches):
    return [match.found.device if match.found else None for match in matches]


def test_a_row_goes_to_the_port_it_names_then_to_its_number_then_to_a_blank_one(rows):
    here = [found("/dev/z"), found("/dev/b", "000000000002"), found("/dev/a"), found("/dev/y")]
    assert devices(assign(rows, here)) == ["/dev/a", "/dev/b", None]
    assert devices(assign(rows, here, is_free=True)) == ["/dev/a", "/dev/b", "/dev/z"]
    assert devices(assign(rows, [])) == [None] * 3


def test_what_is_not_certain_is_refused(rows):
    twins = [found("/dev/b", "000000000002"), found("/dev/c", "000000000002")]
    with pytest.raises(AssignError, match="both are terminal 000000000002"):
        assign(rows, twins)
    with pytest.raises(AssignError, match="/dev/a is no terminal but: micropython"):
        assign(rows, [found("/dev/a", kind=BARE)])
    with pytest.raises(AssignError, match="would become terminal 000000000001, which /dev/c is"):
        assign(rows, [found("/dev/a"), found("/dev/c", "000000000001")])


def test_a_label_says_the_number_and_the_merchant_and_is_valid(tmp_path):
    import xml.etree.ElementTree as ET

    svg, png = labels.write(tmp_path / "labels", "440300000001", "食堂 <A&B>")
    texts = [node.text for node in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["4403 0000 0001", "食堂 <A&B>"]
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "█" in labels.shown("440300000001")
