DIGEST: bytes
