# SPDX-License-Identifier: Apache-2.0
"""CRC-16 of groups and zones (Table 9-1): polynomial 0x8005, start 0, bits of a byte LSB first."""


def _bit_reversed(value, bits):
    return int(format(value, f"0{bits}b")[::-1], 2)


def _table():
    rows = []
    for byte in range(256):
        register = _bit_reversed(byte, 8) << 8
        for _ in range(8):
            register = (register << 1) ^ (0x8005 if register & 0x8000 else 0)
        rows.append(register & 0xFFFF)
    return rows


_ROWS = _table()


def crc16(data):
    """The register after the last bit."""
    register = 0
    for byte in data:
        # _ROWS is indexed by the byte as it arrives, so the register's half is turned round first.
        register = ((register << 8) & 0xFFFF) ^ _ROWS[byte ^ _REVERSED[register >> 8]]
    return register


_REVERSED = [_bit_reversed(n, 8) for n in range(256)]


def group(payload):
    """count, payload, crc: what goes over the bus in either direction."""
    body = bytes([len(payload) + 3]) + bytes(payload)
    return body + crc16(body).to_bytes(2, "little")
