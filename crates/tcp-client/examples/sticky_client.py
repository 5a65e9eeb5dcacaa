"""Sends each message by its own send, without marking where it ends.

    python3 crates/tcp-server/examples/sticky_server.py [PORT [SIZE ...]]
    python3 crates/tcp-client/examples/sticky_client.py [PORT [MESSAGE ...]]

By default the messages are hello and world. The server shows what it received.
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
