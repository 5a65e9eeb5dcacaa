"""A UDP client: sends each line of its input as a datagram and shows the answer.

    python3 crates/udp-server/examples/udp_server.py [PORT]
    python3 crates/udp-client/examples/udp_client.py [PORT]

Try it: an empty line is a datagram too, and is answered. Then send a line when no server runs:
there is no error, and this client waits for ever, because a lost datagram and a slow answer look
alike. It also takes an answer from any program that finds its port. The remedy is connect and
settimeout.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

while True:
    try:
        msg = input(">>: ").strip()
    except EOFError:  # Ctrl-D
        break
    client.sendto(msg.encode(), ("127.0.0.1", port))
    data, server_addr = client.recvfrom(1024)
    print(data)
client.close()
