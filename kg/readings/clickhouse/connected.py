"""A current ClickHouse server through clickhouse-connect."""

from collections.abc import Mapping, Sequence

from kg.errors import UsageError
from kg.readings.clickhouse.wire import CONNECT, Address, Row, tabbed, unavailable


class ConnectedWire:
    """One server, spoken to in its native format, compressed, over connections that stay open.

    Args:
        address: the server.
        timeout: seconds that a statement may take.

    Raises:
        kg.errors.StoreUnavailable: it does not answer.
    """

    def __init__(self, address: Address, timeout: int = 120) -> None:
        try:
            import clickhouse_connect
            from clickhouse_connect.driver.exceptions import ClickHouseError
        except ImportError as error:
            raise UsageError(
                "readings in ClickHouse need clickhouse-connect",
                cure="install it with: pip install 'flexkg[clickhouse]'",
                code="no-clickhouse",
            ) from error
        self.address = str(address)
        self._error: type[Exception] = ClickHouseError
        try:
            self._client = clickhouse_connect.get_client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                secure=address.secure,
                connect_timeout=CONNECT,
                send_receive_timeout=timeout,
                autogenerate_session_id=False,
                query_retries=0,
            )
        except ClickHouseError as error:
            raise unavailable(self.address, str(error), gone=True) from error

    def rows(self, sql: str, settings: Mapping[str, str]) -> list[Row]:
        """Run a SELECT."""
        try:
            return [tuple(row) for row in self._client.query(sql, settings=_known(settings)).result_rows]
        except self._error as error:
            raise self._told(error) from error

    def run(self, sql: str, settings: Mapping[str, str]) -> None:
        """Run a statement that gives nothing."""
        try:
            self._client.command(sql, settings=_known(settings))
        except self._error as error:
            raise self._told(error) from error

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], settings: Mapping[str, str]
    ) -> None:
        """Insert rows."""
        try:
            self._client.raw_insert(
                table, list(columns), tabbed(rows), fmt="TabSeparated", settings=_known(settings)
            )
        except self._error as error:
            raise self._told(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _told(self, error: Exception) -> Exception:
        """Say what failed: the server said so with a code, or was not reached."""
        return unavailable(self.address, str(error), gone="code" not in str(error).lower())


def _known(settings: Mapping[str, str]) -> dict[str, str]:
    return {"wait_end_of_query": "1", **settings}
