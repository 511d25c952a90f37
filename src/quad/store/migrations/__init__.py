"""The schema's history, applied by `quad.store.migrate`.

To add a revision, put a file `versions/NNNN_what.py` beside the others: `revision = "NNNN"`,
`down_revision` the one before, and an `upgrade()` made of `op.create_table(..., **TABLE_OPTIONS)`
with the types of `quad.store.schema`. Write it out; do not import the system's tables, which go on
changing while a revision never does. Name every constraint as the naming convention would
(`pk_<table>`, `uq_<table>_<columns>`, `fk_<table>_<columns>`, `ix_...`), for example with
`op.f("pk_classroom_rooms")`. The contract suite compares the result with `metadata` on each engine.
There are no downgrades: restore the backup.

SQLite cannot alter a constraint; use `op.batch_alter_table`, which copies the table.
"""
