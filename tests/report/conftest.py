"""Reports are tested on the databases of the store's tests."""

from tests.store.conftest import engine, keys, ledger, make_ledger, postgres, postgres_url, url

__all__ = ["engine", "keys", "ledger", "make_ledger", "postgres", "postgres_url", "url"]
