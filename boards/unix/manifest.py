# What is frozen into the unix binary: asyncio, the drivers, the firmware, this board and its shim.
include("$(MPY_DIR)/extmod/asyncio")
include("../common.py")
freeze(".", ("board.py",))
freeze("shim", ("machine.py", "bench.py"))
