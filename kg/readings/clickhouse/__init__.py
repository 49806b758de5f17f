"""Readings beyond one machine: ClickHouse, sharded by series, behind the interface of all back ends."""
