"""The struct module alone, and then a header of any content after a length of fixed size.

    python3 crates/exec-client/examples/struct_header.py

A number written in digits has one to many bytes. Packed by struct it always has four, so the
reader knows when to stop. Four bytes hold no large number, but the JSON header after them can,
and any other field that both sides agree on.
"""

import json
import struct

# 'i' is a signed integer of four bytes in this machine's order; '<i' and '!i' say which one.
try:
    struct.pack("i", 1222222222223)
except struct.error as why:
    print("refused:", why)

packed = struct.pack("i", 1222)
print(packed, len(packed))
print(struct.unpack("i", packed)[0])

header = {
    "filename": "a.txt",
    "total_size": 340282366920938463463374607431768211456,
    "hash": "not computed",
}
header_bytes = json.dumps(header).encode()
print(header_bytes.decode(), len(header_bytes))

prefix = struct.pack("i", len(header_bytes))
print(prefix, len(prefix))

# The other side: four bytes, then as many as they say, then what is in them.
message = prefix + header_bytes
header_len = struct.unpack("i", message[:4])[0]
received = json.loads(message[4 : 4 + header_len])
print(header_len, received["filename"], received["total_size"])
