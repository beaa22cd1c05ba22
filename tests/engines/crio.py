#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What CRI-O does around conmon, for crio.bats.

crio.py monitor CONMON ARG...      runs conmon with the pipes that CRI-O gives it, prints the JSON that conmon answers with
crio.py attach SOCKET STEP...      a client of the attach socket; steps: send:TEXT  expect:TEXT  close  leave; prints "STREAM TEXT" for what came
"""
import json
import os
import select
import socket
import subprocess
import sys
import time

LIMIT = 20
STREAMS = {2: "stdout", 3: "stderr"}


def monitor(argv):
    sync_read, sync_write = os.pipe()
    start_read, start_write = os.pipe()

    def pipes():  # what exec.Cmd does with ExtraFiles: 3 and 4
        high = [os.dup2(fd, n) for fd, n in ((sync_write, 103), (start_read, 104))]
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)
        os.closerange(5, 256)

    # Nothing but what CRI-O sets: no PATH, no HOME.
    env = {"_OCI_SYNCPIPE": "3", "_OCI_STARTPIPE": "4", "XDG_RUNTIME_DIR": ""}
    conmon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, preexec_fn=pipes, close_fds=False, env=env)
    os.close(sync_write)
    os.close(start_read)
    os.write(start_write, b"\0")
    status = conmon.wait(timeout=2 * LIMIT)
    answer = b""
    while b"\n" not in answer and select.select([sync_read], [], [], LIMIT)[0]:
        data = os.read(sync_read, 4096)
        if not data:
            break
        answer += data
    print(json.dumps({"conmon": status, **json.loads(answer or b"{}")}))


def attach(path, steps):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    end = time.monotonic() + LIMIT
    while client.connect_ex(path) != 0:
        if time.monotonic() > end:
            sys.exit("no attach socket " + path)
        time.sleep(0.05)
    client.settimeout(LIMIT)
    seen = ""
    for step in steps + ["expect:"]:
        name, _, value = step.partition(":")
        value = value.encode().decode("unicode_escape")
        if name == "send":
            client.sendall(value.encode())
        elif name == "close":
            client.shutdown(socket.SHUT_WR)
        while name == "expect" and (not value or value not in seen):
            try:
                packet = client.recv(8192)
            except ConnectionResetError:
                packet = b""
            if not packet:
                if value:
                    sys.exit("the end instead of %r; so far %r" % (value, seen))
                return
            text = packet[1:].decode(errors="replace")
            print(STREAMS.get(packet[0], packet[0]), text, end="" if text.endswith("\n") else "\n", flush=True)
            seen += text
        if name == "leave":
            return


if sys.argv[1] == "monitor":
    monitor(sys.argv[2:])
else:
    attach(sys.argv[2], sys.argv[3:])
