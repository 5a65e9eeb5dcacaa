"""Reads news by NNTP: the articles of a group, and the text of the last one.

    python3 crates/tcp-client/examples/nntp_group.py HOST PORT GROUP

nntplib did this until Python 3.13 removed it. This script sends the same commands.
"""

import socket
import sys

host, port, group = sys.argv[1:]


def send(line):
    conn.sendall(line.encode() + b"\r\n")


def read_line():
    line = server.readline()
    if not line.endswith(b"\n"):
        sys.exit("the server has left")
    return line.rstrip(b"\r\n").decode(errors="replace")


def reply(code):
    """Reads a status line, which must begin with this code."""
    line = read_line()
    if not line.startswith(code):
        sys.exit(line)
    return line


def text():
    """The lines of a text, up to the lone dot. A line that begins with a dot has one dot more."""
    while (line := read_line()) != ".":
        yield line.removeprefix(".")


conn = socket.create_connection((host, int(port)))
server = conn.makefile("rb")

reply("20")  # 200 or 201: whether clients may post
send(f"GROUP {group}")
_, count, first, last, *_ = reply("211").split(" ")
print(f"{group}: {count} articles, {first} to {last}")
if count != "0":
    send(f"XOVER {max(int(first), int(last) - 9)}-{last}")
    reply("224")
    for line in text():
        number, subject, sender, *_ = line.split("\t")
        print(number, subject, sender)
    send(f"BODY {last}")
    reply("222")
    print("\n".join(text()))
send("QUIT")
reply("205")
conn.close()
