"""Sends a mail by SMTP, with the message from standard input.

    python3 crates/tcp-client/examples/smtp_send.py HOST PORT FROM TO < MESSAGE

Try it: printf 'Subject: hello\\n\\n.\\nA lone dot is not the end.\\n' as the message.
"""

import smtplib
import sys

host, port, sender, recipient = sys.argv[1:]
message = sys.stdin.read().replace("\n", "\r\n")

with smtplib.SMTP(host, int(port), local_hostname="[127.0.0.1]") as smtp:
    smtp.sendmail(sender, recipient, message.encode())
