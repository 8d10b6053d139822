"""Alembic's entry point: migrate over the connection that `migrate.upgrade` holds open and locked."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
