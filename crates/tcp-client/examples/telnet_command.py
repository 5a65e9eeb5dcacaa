"""Types commands by Telnet: waits for the prompt, sends a command, shows the output.

    python3 crates/tcp-client/examples/telnet_command.py HOST PORT PROMPT COMMAND ...

The output of a command is read up to the next prompt, or to the end of the session. telnetlib did
this until Python 3.13 removed it.
"""

import socket
import sys

SE, SB, WILL, WONT, DO, DONT, IAC = 240, 250, 251, 252, 253, 254, 255

host, port, prompt, *commands = sys.argv[1:]


def next_byte():
    byte = server.read(1)
    return byte[0] if byte else None  # None: the server has closed


def read_until(end):
    """The text up to and with `end`, or what there is when the server leaves. It refuses every
    option on the way: neither side does anything special then."""
    text = bytearray()
    while not text.endswith(end) and (byte := next_byte()) is not None:
        if byte != IAC:
            text.append(byte)
            continue
        command = next_byte()
        if command == IAC:  # twice: a byte of the text that has this value
            text.append(IAC)
        elif command == DO:
            conn.sendall(bytes([IAC, WONT, next_byte()]))
        elif command == WILL:
            conn.sendall(bytes([IAC, DONT, next_byte()]))
        elif command in (DONT, WONT):  # it is off already
            next_byte()
        elif command == SB:  # of an option that we have not agreed to
            last, byte = None, next_byte()
            while byte is not None and (last, byte) != (IAC, SE):
                last, byte = byte, next_byte()
        # All others are a command without an argument, such as GA: your turn.
    return text.decode(errors="replace").replace("\r\n", "\n")


conn = socket.create_connection((host, int(port)))
server = conn.makefile("rb")

print(read_until(prompt.encode()), end="")
for command in commands:
    conn.sendall(command.encode() + b"\r\n")
    print(read_until(prompt.encode()), end="")
conn.close()
