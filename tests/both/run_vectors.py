"""micropython run_vectors.py VECTORDIR [MODULE]: the crypto vectors outside pytest.

MODULE: what to test, by import name: occrypto (the default: the backend in use), _occrypto (a C
module alone), occrypto._viper or occrypto._reference. Prints the failures, then "N vectors
passed, M failed"; the exit code is 1 if any failed. sys.path must hold MODULE and this folder.
"""

import sys

from test_crypto_vectors import run_folder


def main(folder, name="occrypto"):
    module = __import__(name)
    for part in name.split(".")[1:]:
        module = getattr(module, part)
    binding = getattr(module, "backend", None) or module.binding
    count, failures = run_folder(module, folder, slow=binding not in ("reference", "viper"))
    for line in failures:
        print(line)
    failed = len(failures)
    print(f"{binding}: {count - failed} vectors passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
