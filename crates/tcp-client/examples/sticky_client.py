"""Sends each of its messages by a send of its own, without a sign of where one ends.

    python3 crates/tcp-server/examples/sticky_server.py [PORT [SIZE ...]]
    python3 crates/tcp-client/examples/sticky_client.py [PORT [MESSAGE ...]]

The messages are hello and world, unless it is given others. What the server makes of them, it
shows itself.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
messages = sys.argv[2:] or ["hello", "world"]

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", port))
for message in messages:
    client.sendall(message.encode())
client.close()
