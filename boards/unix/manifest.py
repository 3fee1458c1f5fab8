import os

# What is frozen into the unix binary: asyncio, the drivers, the firmware, this board and its shim.
include("$(MPY_DIR)/extmod/asyncio")
include("../common.py")
freeze(".", ("board.py", "slots.py"))
freeze("shim", ("machine.py", "bench.py"))
# For the tests, the twin beside the C core.
_names = sorted(os.listdir("../../native/occrypto"))
package(
    "occrypto",
    tuple(name for name in _names if name.startswith("_reference")),
    base_path="../../native",
)
