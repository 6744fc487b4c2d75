"""The history of the ledger's tables: one line of revisions for both engines."""
