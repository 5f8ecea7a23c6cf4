"""The real PostgreSQL of the tests that ask for one."""

from tests.postgres import fresh_postgres_url, postgres_server, postgres_tools  # noqa: F401 - fixtures
