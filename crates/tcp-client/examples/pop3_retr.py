"""Fetches mail by POP3: the number of messages, and the first message.

    python3 crates/tcp-client/examples/pop3_retr.py HOST PORT USER PASSWORD

The mail stays on the server: only DELE, which this does not send, would remove it.
"""

import poplib
import sys

host, port, user, password = sys.argv[1:]

pop = poplib.POP3(host, int(port))
pop.user(user)
pop.pass_(password)
count, octets = pop.stat()
print(f"{count} messages, {octets} bytes", flush=True)
if count > 0:
    _, lines, _ = pop.retr(1)
    for line in lines:
        print(line.decode(errors="replace"))
pop.quit()
