"""Whether an Arrow stream keeps its buffers compressed, read from its messages before anything is decompressed."""

import struct

import pyarrow as pa

from .problems import Problem

# Places of the fields in Arrow's Message.fbs: Message.header, DictionaryBatch.data, RecordBatch.compression.
_HEADER, _DATA, _COMPRESSION = 2, 1, 3


def check_uncompressed(body: bytes) -> None:
    """Refuse a stream with compressed buffers: they say how far they inflate only to those who inflate them.

    Raises
    ------
    Problem
        415 if a buffer is compressed.
    pyarrow.ArrowInvalid
        If the body is no Arrow stream.
    """
    for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(body)):
        if message.type not in ("record batch", "dictionary"):
            continue
        metadata = message.metadata.to_pybytes()
        try:
            header = _follow(metadata, _root(metadata), _HEADER)
            if message.type == "dictionary" and header is not None:
                header = _follow(metadata, header, _DATA)
            is_compressed = header is not None and _field(metadata, header, _COMPRESSION) is not None
        except struct.error as error:
            raise pa.ArrowInvalid(f"a message is damaged: {error}") from error
        if is_compressed:
            raise Problem(
                415, "the Arrow stream is compressed; write it without, and send it with Content-Encoding: gzip"
            )


def _root(buffer: bytes) -> int:
    return struct.unpack_from("<I", buffer, 0)[0]


def _field(buffer: bytes, table: int, number: int) -> int | None:
    """Place of a field of a flatbuffer's table; None where it has its default."""
    vtable = table - struct.unpack_from("<i", buffer, table)[0]
    length = struct.unpack_from("<H", buffer, vtable)[0]
    slot = 4 + 2 * number
    if slot + 2 > length:
        return None
    offset = struct.unpack_from("<H", buffer, vtable + slot)[0]
    return table + offset if offset else None


def _follow(buffer: bytes, table: int, number: int) -> int | None:
    """Place of the table that a field refers to."""
    place = _field(buffer, table, number)
    return None if place is None else place + struct.unpack_from("<I", buffer, place)[0]
