# SPDX-License-Identifier: GPL-2.0-or-later
"""A service manager's end of NOTIFY_SOCKET: prints each datagram as "NUMBER-OF-FDS TEXT".

usage: notify.py ADDRESS [--keep]       ADDRESS: a path, or @NAME; --keep: never closes a barrier's pipe
"""
import array
import os
import socket
import sys

address = sys.argv[1]
kept = []
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind("\0" + address[1:] if address[0] == "@" else address)
print("listening", flush=True)
while True:
    data, ancillary, _, _ = sock.recvmsg(8192, socket.CMSG_SPACE(64))
    fds = array.array("i")
    for _, _, payload in ancillary:
        fds.frombytes(payload)
    print(len(fds), data.decode().replace("\n", "|"), flush=True)
    if "--keep" in sys.argv:
        kept += fds
    else:
        for fd in fds:
            os.close(fd)
