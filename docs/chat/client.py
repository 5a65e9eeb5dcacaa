"""A chat client: its input goes to the server, and what the server sends is printed.

    python3 docs/chat/client.py [PORT]
"""

import socket
import sys
import threading


def show(server):
    for line in server.makefile(errors="replace"):
        print(line, end="", flush=True)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
server = socket.create_connection(("127.0.0.1", port))
shower = threading.Thread(target=show, args=(server,), daemon=True)
shower.start()
for line in sys.stdin:
    server.sendall(line.encode())
server.shutdown(socket.SHUT_WR)  # the end of the input; what comes is still shown
shower.join()
