"""From stored records to money: audit, settlement, exports (docs/settlement.md)."""
