# Mounts the files at /. Formats only a flash that is blank: a damaged one may hold keys.
import flashmap
import rp2
import vfs

bdev = rp2.Flash(start=flashmap.FILES_START, len=flashmap.FILES_SIZE)
try:
    vfs.mount(vfs.VfsLfs2(bdev, progsize=256), "/")
except OSError:
    head = bytearray(4096)
    bdev.readblocks(0, head)
    if head == b"\xff" * 4096:
        vfs.VfsLfs2.mkfs(bdev, progsize=256)
        vfs.mount(vfs.VfsLfs2(bdev, progsize=256), "/")
    else:
        print("files damaged: format them from the REPL, then provision anew")
    del head
del bdev
