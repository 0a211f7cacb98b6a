"""Alembic's entry: the connection comes from :mod:`store.upgrade`, never from an ini file."""

from alembic import context

from store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # We begin and commit ourselves, so that a failed step leaves nothing behind on SQLite too.
    transactional_ddl=True,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)
context.run_migrations()
