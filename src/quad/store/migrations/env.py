"""Run by Alembic, inside the transaction that `quad.store.migrate` has begun."""

from alembic import context

from quad.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
