"""Reads mail by IMAP4: how many messages the inbox has, and the first of them.

    python3 crates/tcp-client/examples/imap_fetch.py HOST PORT USER PASSWORD

PEEK, and a mailbox that is opened read-only, leave the message marked as unread.
"""

import imaplib
import sys

host, port, user, password = sys.argv[1:]

imap = imaplib.IMAP4(host, int(port))
imap.login(user, password)
status, data = imap.select("INBOX", readonly=True)
count = int(data[0])
print(f"{count} messages", flush=True)
if count > 0:
    status, data = imap.fetch("1", "(BODY.PEEK[])")
    sys.stdout.buffer.write(data[0][1])
imap.logout()
