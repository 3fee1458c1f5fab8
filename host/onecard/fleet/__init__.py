"""Many terminals at once: an inventory of them, provisioned and pulled as what they are."""

from .inventory import InventoryError, Row, read_inventory

__all__ = ["InventoryError", "Row", "read_inventory"]
