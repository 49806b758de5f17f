"""A current ClickHouse server: `clickhouse local` of chdb's library, told to listen; ends after an hour."""

import ctypes
import sys

_LISTEN = "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP;"
_WAIT = (
    "SELECT sleepEachRow(3) FROM numbers(1200) FORMAT Null"
    " SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"
)

if __name__ == "__main__":
    library, config, folder, tcp, http = sys.argv[1:]
    told = {"path": folder, "config-file": config, "tcp_port": tcp, "http_port": http}
    told |= {"listen_host": "127.0.0.1", "query": _LISTEN + _WAIT}
    words = [b"clickhouse-local", *(f"--{name}={value}".encode() for name, value in told.items())]
    run = ctypes.CDLL(library).query_stable_v2
    run.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    run(len(words), (ctypes.c_char_p * len(words))(*words))
