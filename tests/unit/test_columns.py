"""Records decoded in bulk say what each says of itself."""

import random
import struct

from ocwire import record
from ocwire.errors import RecordError
from onecard import columns


def random_records(rng, count):
    """One terminal's records of every known kind, of an unknown one, some of a wrong size."""
    kinds = [*columns.LAYOUTS, 0x77]
    out = []
    for seq in range(1, count + 1):
        kind = rng.choice(kinds)
        size = columns.LAYOUTS[kind].itemsize if kind in columns.LAYOUTS else 5
        size = max(0, size + rng.choice((0, 0, 0, 0, 8, -1)))
        body = rng.randbytes(size)
        if kind == record.INTENT and rng.random() < 0.3 and size >= 8:
            body = body[:-8] + b"undo" + body[-4:]
        out.append(record.Record(seq, record.seal(bytes(16), seq, bytes(4), kind, body)))
    return out


def test_columns_are_what_fields_says():
    seed = 3
    print("seed", seed)
    items = random_records(random.Random(seed), 4000)
    told = columns.decode([r.seq for r in items], [r.raw for r in items])
    told = {name: values.to_pylist() for name, values in told.items()}
    for n, item in enumerate(items):
        try:
            values = item.fields()
        except RecordError:
            values = {}
        before = items[n - 1] if n else None
        if item.kind == record.DEBITED and values and before and before.kind == record.INTENT:
            try:
                before.fields()
                body = record.as_result(item.seq, item.kind, item.body, before.body)
                values = record.fields(record.RESULT, body)
                values["time_s"] &= 0xFFFFFFFF
            except RecordError:
                pass
        for column, found in told.items():
            field = {"card": "serial", "counter": "card_counter"}.get(column, column)
            wanted = values.get(field, 0 if column == "time_s" else None)
            if column == "kind":
                wanted = item.kind
            elif column == "card" and wanted is not None:
                wanted = wanted.hex()
            elif column == "undoes":
                tail = values.get("payload", b"")
                is_undo = len(tail) == 8 and tail[:4] == b"undo"
                wanted = struct.unpack(">I", tail[4:])[0] if is_undo else None
            assert found[n] == wanted, (item.seq, record.name(item.kind), column)


def test_nothing_decodes_to_nothing():
    assert all(len(values) == 0 for values in columns.decode([], []).values())
