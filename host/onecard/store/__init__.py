"""The store: what terminals recorded, in a DuckDB file or on a PostgreSQL server."""

from .store import Store, StoreConflict, StoreError

__all__ = ["Store", "StoreConflict", "StoreError"]
