"""Says what Python makes of each line of its input, in one line each. Bytes are hex digits.

It is written from the documentation of the formats, and knows nothing of the Rust code.
"""

import hashlib
import hmac
import json
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "peers"))
from session import Connection, proof

DEPTH = 16


class Number(str):
    """A number as it was written."""


class Members(list):
    """An object's members, those of the same name included."""


def refuse(constant):
    raise ValueError(constant)


def depth(value):
    within = [member for _, member in value] if isinstance(value, Members) else value
    if not isinstance(value, list):
        return 0
    return 1 + max(map(depth, within), default=0)


def written(value):
    """As json.dumps writes it; what json.dumps cannot be told is put together here."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return json.dumps(re.sub("[\ud800-\udfff]", "\ufffd", value))
    if isinstance(value, Members):
        return "{" + ", ".join(f"{written(name)}: {written(member)}" for name, member in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


def json_document(document):
    """Python's parser without what it adds to the standard, and with a limit to the depth."""
    try:
        value = json.loads(
            bytes.fromhex(document).decode("utf-8"),
            parse_constant=refuse,
            parse_int=Number,
            parse_float=Number,
            object_pairs_hook=Members,
        )
    except (ValueError, RecursionError):
        return "refused"
    if depth(value) > DEPTH:
        return "refused"
    return written(value)


def json_string(text):
    return json.dumps(bytes.fromhex(text).decode("utf-8"))


def header_frame(filename, total_size, hash):
    header = json.dumps(
        {
            "filename": bytes.fromhex(filename).decode("utf-8"),
            "total_size": int(total_size),
            "hash": bytes.fromhex(hash).decode("utf-8"),
        }
    ).encode()
    return (struct.pack("<i", len(header)) + header).hex()


def packed(format, number):
    try:
        return struct.pack(format, int(number)).hex()
    except struct.error:
        return "refused"


def unpacked(format, buffer):
    try:
        return str(struct.unpack(format, bytes.fromhex(buffer))[0])
    except struct.error:
        return "refused"


def sha256(message):
    return hashlib.sha256(bytes.fromhex(message)).hexdigest()


def hmac_sha256(key, message):
    return hmac.new(bytes.fromhex(key), bytes.fromhex(message), "sha256").hexdigest()


def chain(seed, rounds):
    """The inner loop of the Monte Carlo test of NIST's validation system."""
    last = [bytes.fromhex(seed)] * 3
    for _ in range(int(rounds)):
        last = last[1:] + [hashlib.sha256(b"".join(last)).digest()]
    return last[2].hex()


def session(token, server_nonce, client_nonce, *frames):
    """The proofs of a handshake, then the frames DIRECTION:TYPE:BODY as they are sent after it."""
    token, ns, nc = map(bytes.fromhex, (token, server_nonce, client_nonce))
    client, server = Connection(None), Connection(None)
    client.begin(token, ns, nc, sends=b"key-c2s", hears=b"key-s2c")
    server.begin(token, ns, nc, sends=b"key-s2c", hears=b"key-c2s")
    said = [proof(token, role, ns, nc).hex() for role in (b"client\0", b"server\0")]
    for frame in frames:
        direction, kind, body = frame.split(":")
        sender = client if direction == "c2s" else server
        said.append(sender.sealed(kind, bytes.fromhex(body)).hex())
    return " ".join(said)


ANSWERS = {
    "json": json_document,
    "string": json_string,
    "header": header_frame,
    "pack": packed,
    "unpack": unpacked,
    "sha256": sha256,
    "hmac": hmac_sha256,
    "chain": chain,
    "session": session,
}

for line in sys.stdin:
    verb, *words = line.removesuffix("\n").split(" ")
    print(ANSWERS[verb](*words))
