# The facade and the twin, whatever files it is made of; _cffi*.py are CPython's.
import os

_FOLDER = "../../native"
_names = sorted(os.listdir(_FOLDER + "/occrypto"))
package(
    "occrypto",
    tuple(name for name in _names if name.endswith(".py") and not name.startswith("_cffi")),
    base_path=_FOLDER,
)
