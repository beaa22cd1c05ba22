# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scope needs of systemd on a host with cgroup v1 or hybrid hierarchies that has none: its private socket, the calls of ketch, the scope's
cgroup in name=systemd and the controllers that systemd knows. It writes no limits. Calls and properties go to stdout, a line each:
"StartTransientUnit NAME", "Slice=system.slice".
usage: imitate-systemd.py SOCKET [--old]      --old: properties of after systemd 235 are refused in its words"""
import os
import signal
import socket
import struct
import sys
import threading
import time

ROOT = "/sys/fs/cgroup/"
KNOWN = [h for h in ("systemd", "cpu", "cpuacct", "blkio", "memory", "devices", "pids") if os.path.isdir(ROOT + h)]
LATER = ("CollectMode", "CPUQuotaPeriodUSec")
MANAGER = "org.freedesktop.systemd1"
JOB = "/org/freedesktop/systemd1/job/1"
slices = {}
one_at_a_time = threading.Lock()  # as systemd does


def padded(data, to):
    return data + bytes(-len(data) % to)


def string(text):
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


class Body:
    """The values of a message's body, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, size):
        self.at = -(-self.at // size) * size + size
        return int.from_bytes(self.data[self.at - size:self.at], "little")

    def string(self, size=4):
        length = self.number(size)
        self.at += length + 1
        return self.data[self.at - length - 1:self.at - 1].decode()

    def value(self, sig):
        """Of the first type in SIG: it, and the rest of SIG."""
        if sig[0] == "a":
            length = self.number(4)
            if sig[1] in "(tx":
                self.at = -(-self.at // 8) * 8
            end, items = self.at + length, []
            rest = sig[sig.index(")") + 1:] if sig[1] == "(" else sig[2:]
            while self.at < end:
                items.append(self.value(sig[1:])[0])
            return items, rest
        if sig[0] == "(":
            self.at, sig, items = -(-self.at // 8) * 8, sig[1:], []
            while sig[0] != ")":
                item, sig = self.value(sig)
                items.append(item)
            return tuple(items), sig[1:]
        if sig[0] == "v":
            return self.value(self.string(1))[0], sig[1:]
        if sig[0] in "so":
            return self.string(), sig[1:]
        return self.number({"y": 1, "t": 8, "x": 8}.get(sig[0], 4)), sig[1:]


def message(kind, fields, body=b"", serial=[0]):
    serial[0] += 1
    data = b""
    for code, sig, value in fields:
        data = padded(data, 8) + bytes([code, 1]) + sig.encode() + b"\0"
        data += {"u": lambda v: struct.pack("<I", v), "g": lambda v: bytes([len(v)]) + v.encode() + b"\0"}.get(sig, string)(value)
    return padded(b"l" + bytes([kind, 1, 1]) + struct.pack("<III", len(body), serial[0], len(data)) + data, 8) + body


def job_of(serial, name):
    """The answer to a call that makes a job, and the signal of its end."""
    body = b""
    for part in (struct.pack("<I", 1), string(JOB), string(name), string("done")):
        body = padded(body, 4) + part
    end = message(4, [(1, "o", "/org/freedesktop/systemd1"), (2, "s", MANAGER + ".Manager"), (3, "s", "JobRemoved"), (8, "g", "uoss")], body)
    return message(2, [(5, "u", serial), (8, "g", "o")], string(JOB)) + end


def directory(hierarchy, name):
    return ROOT + hierarchy + "/" + slices.get(name, "system.slice") + "/" + name


def processes(name):
    try:
        with open(directory("systemd", name) + "/cgroup.procs", encoding="ascii") as f:
            return [int(line) for line in f]
    except OSError:
        return []


def start(name, props):
    slices[name] = props["Slice"]
    for hierarchy in KNOWN:
        os.makedirs(directory(hierarchy, name), exist_ok=True)
        with open(directory(hierarchy, name) + "/cgroup.procs", "w", encoding="ascii") as f:
            f.write(str(props["PIDs"][0]))


def stop(name):
    for pid in processes(name):
        os.kill(pid, signal.SIGKILL)
    for _ in range(200):
        if not processes(name):
            break
        time.sleep(0.02)
    for hierarchy in KNOWN:
        for path, _, _ in os.walk(directory(hierarchy, name), topdown=False):
            os.rmdir(path)
        try:
            os.rmdir(os.path.dirname(directory(hierarchy, name)))
        except OSError:
            pass


def answer(member, serial, body):
    name = body.string()
    print(member, name)
    props = {}
    if member == "StartTransientUnit":
        body.string()
        props = dict(body.value("a(sv)")[0])
    elif member == "SetUnitProperties":
        body.number(4)
        props = dict(body.value("a(sv)")[0])
    for key, value in props.items():
        print("%s=%s" % (key, value))
    sys.stdout.flush()
    for later in LATER:
        if "--old" in sys.argv and later in props:
            text = "Cannot set property %s, or unknown property." % later
            error = "org.freedesktop.DBus.Error.PropertyReadOnly"
            return message(3, [(5, "u", serial), (4, "s", error), (8, "g", "s")], string(text))
    if member == "StartTransientUnit":
        start(name, props)
    if member == "StopUnit":
        stop(name)
    return job_of(serial, name) if member in ("StartTransientUnit", "StopUnit") else message(2, [(5, "u", serial)])


def serve(client):
    data, begun = b"", False
    while True:
        try:
            part = client.recv(65536)
        except ConnectionResetError: # it is done, and did not wait for our last word
            part = b""
        if not part:
            return
        data += part
        while not begun and b"\r\n" in data:
            line, data = data.lstrip(b"\0").split(b"\r\n", 1)
            begun = line == b"BEGIN"
            if not begun:
                client.sendall(b"DATA\r\n" if line.startswith(b"AUTH") else b"OK " + b"0" * 32 + b"\r\n")
        while begun and len(data) >= 16:
            length, serial, fields = struct.unpack("<III", data[4:16])
            begin = -(-(16 + fields) // 8) * 8
            if len(data) < begin + length:
                break
            header, body, data = data[:begin], data[begin:begin + length], data[begin + length:]
            member = [m for m in ("StartTransientUnit", "StopUnit", "KillUnit", "SetUnitProperties", "ResetFailedUnit") if m.encode() in header]
            with one_at_a_time:
                reply = answer(member[0], serial, Body(body)) if member else message(2, [(5, "u", serial)])
            client.sendall(reply)


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(256)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
