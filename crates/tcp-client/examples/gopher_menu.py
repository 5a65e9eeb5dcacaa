"""Shows a Gopher menu: the type, the text and the target of each entry.

    python3 crates/tcp-client/examples/gopher_menu.py HOST PORT [SELECTOR]

gopherlib did this until Python 2.6 removed it. An entry of type 1 has the selector of another
menu.
"""

import socket
import sys

host, port, *rest = sys.argv[1:]
selector = rest[0] if rest else ""  # the empty one asks for the first menu

conn = socket.create_connection((host, int(port)))
conn.sendall(selector.encode() + b"\r\n")

for line in conn.makefile("rb"):
    line = line.rstrip(b"\r\n").decode(errors="replace")
    if line == ".":  # the end, if the server says so; else it just leaves
        break
    fields = line.split("\t")
    if len(fields) < 4:  # no menu: a text, or words about what went wrong
        print(line)
        continue
    words, selector, host, port = fields[:4]
    if words.startswith("i"):  # words and no entry
        print(f"   {words[1:]}")
    else:
        print(f"{words[:1]}  {words[1:]} -> {host}:{port} {selector}")
conn.close()
