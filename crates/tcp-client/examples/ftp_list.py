"""Lists a folder by FTP: commands over one connection, the list over a second one.

    python3 crates/tcp-client/examples/ftp_list.py HOST PORT USER PASSWORD

Try it: many servers accept the user anonymous, with an e-mail address as the password.
"""

import ftplib
import sys

host, port, user, password = sys.argv[1:]

ftp = ftplib.FTP()
ftp.connect(host, int(port))
ftp.login(user, password)
ftp.retrlines("LIST")  # prints each line; passive mode is ftplib's default
ftp.quit()
