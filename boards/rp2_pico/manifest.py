# What is frozen into the UF2: asyncio, the drivers, the firmware and this board.
freeze("$(PORT_DIR)/modules", "rp2.py")
include("$(MPY_DIR)/extmod/asyncio")
include("../common.py")
freeze(".", ("_boot.py", "board.py", "flashmap.py", "slots.py"))
