"""A TCP client: sends each line of its input and shows the answer.

    python3 crates/tcp-server/examples/tcp_server.py [PORT]
    python3 crates/tcp-client/examples/tcp_client.py [PORT]

Try it: type a line in Chinese. The server gets its UTF-8 bytes, and upper() of bytes changes only
ASCII letters. Then type a line of 2000 letters: recv(1024) returns at most 1024 bytes of the
answer, and the next line is answered with the rest.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", port))

while True:
    try:
        msg = input(">>: ").strip()
    except EOFError:  # Ctrl-D
        break
    if not msg:  # an empty message puts no bytes into the stream: recv would wait for ever
        continue
    client.sendall(msg.encode())
    data = client.recv(1024)
    if not data:  # the server has closed its side
        break
    print(data)
client.close()
