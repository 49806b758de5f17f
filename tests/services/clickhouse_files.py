"""The files of ClickHouse servers, read without it: raw, and each compressed block as it was before."""

import struct

import pyarrow as pa

from kg.proof import patterns

_CODECS = {0x82: "lz4_raw", 0x90: "zstd"}
_NONE, _SEVERAL = 0x02, 0x91
_SUM, _HEAD = 16, 9


def _block(data, at):
    """What a block without its checksum holds, and where it ends; None where there is none."""
    if at + _HEAD > len(data):
        return None
    method, size, whole = struct.unpack_from("<BII", data, at)
    if size <= _HEAD or at + size > len(data) or whole > 1 << 28:
        return None
    body = data[at + _HEAD : at + size]
    if method == _NONE:
        found = body
    elif method == _SEVERAL:  # the last of the codecs is the outermost, each has a head of its own
        inner = _block(body, 1 + body[0])
        found = inner[0] if inner else body
    elif method in _CODECS:
        found = pa.decompress(body, decompressed_size=whole, codec=_CODECS[method], asbytes=True)
    else:  # differences of numbers
        found = body
    return found, at + size


def contents(path):
    """The bytes of a file, and those of its blocks where it is made of them."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # a part that was merged into another since the folder was listed
        return
    yield data
    at, made = 0, []
    while at < len(data):
        found = _block(data, at + _SUM)
        if found is None:
            return
        made.append(found[0])
        at = found[1]
    yield b"".join(made)


def search(servers, names):
    """Where names stand in the files of servers, in any of the encodings of the proof of an erasure."""
    wanted = {pattern for name in names for pattern in patterns(name).values()}
    hits, blocks = [], 0
    for server in servers:
        for path in sorted(server.folder.rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            for number, data in enumerate(contents(path)):
                blocks += number
                hits += [str(path.relative_to(server.folder)) for pattern in wanted if pattern in data]
    return hits, blocks
