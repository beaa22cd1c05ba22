#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Terminals and sockets for the bats suites.

pty.py receive SOCKET OUT      what an engine does behind --console-socket and --pidfd-socket: listens, takes one connection and one
                               message, writes what came as JSON to OUT.json, then copies the terminal to OUT until its end.
                               Lines written to the FIFO OUT.in, if there is one, go to the terminal.
pty.py run STEP... -- COMMAND  runs COMMAND on a terminal of its own and does the steps:
                               not-controlling (first; as an engine's child: a process group of its own, killed with us)
                               no-input (first; standard input is /dev/null)
                               size:ROWSxCOLS  expect:TEXT  send:TEXT  signal:NAME[:PIDFILE]  raw  cooked  close
                               full (the terminal takes no more)  ended (COMMAND has, with nobody reading)
                               Prints what came out, checks that the terminal's settings are as before, and ends with COMMAND's status.
"""
import array
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import time

LIMIT = 20 * int(os.environ.get("KETCH_TEST_SLOW", 1))
PR_SET_PDEATHSIG = 1


def size_of(fd):
    return list(struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))[:2])


def set_size(fd, text):
    rows, cols = text.split("x")
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(cols), 0, 0))


def copy(fd, out, inp):
    while True:
        ready, _, _ = select.select([fd] + ([inp] if inp is not None else []), [], [], LIMIT)
        if not ready:
            return
        if inp in ready:
            data = os.read(inp, 4096)
            if data:
                os.write(fd, data)
            else:
                inp = None
        if fd in ready:
            try:
                data = os.read(fd, 4096)
            except OSError:
                return
            if not data:
                return
            out.write(data)
            out.flush()


def receive(path, out):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.settimeout(LIMIT)
    listener.bind(path)
    listener.listen(1)
    open(out + ".ready", "w").close()
    conn, _ = listener.accept()
    conn.settimeout(LIMIT)
    fds = array.array("i")
    data, control, flags, _ = conn.recvmsg(4096, socket.CMSG_SPACE(16 * fds.itemsize))
    lengths = [len(c[2]) for c in control]
    for level, kind, payload in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload)
    seen = {"text": data.decode(), "messages": len(control), "lengths": lengths, "flags": flags & ~socket.MSG_CMSG_CLOEXEC,
            "fds": len(fds), "more": len(conn.recv(4096))}
    fd = fds[0] if fds else -1
    seen["tty"] = fd >= 0 and os.isatty(fd)
    if seen["tty"]:
        seen["size"] = size_of(fd)
    elif fd >= 0:
        with open("/proc/self/fdinfo/%d" % fd) as info:
            seen["pid"] = [int(line.split()[1]) for line in info if line.startswith("Pid:")]
    with open(out + ".json.new", "w") as f:
        json.dump(seen, f)
    os.rename(out + ".json.new", out + ".json")
    if seen["tty"]:
        inp = os.open(out + ".in", os.O_RDWR) if os.path.exists(out + ".in") else None
        with open(out, "wb") as f:
            copy(fd, f, inp)


class Runner:
    def __init__(self, command, size, controlling=True, stdin=True):
        self.master, self.slave = os.openpty()
        set_size(self.slave, size)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.looked = 0
        self.pid = os.fork()
        if self.pid == 0:
            if controlling:
                os.setsid()
                fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            else:
                os.setpgid(0, 0)
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            for i in range(3):
                os.dup2(self.slave, i)
            if not stdin:
                os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.closerange(3, 256)
            os.execv(command[0], command)

    def read(self, timeout):
        if self.master is None:
            time.sleep(timeout)
            return False
        ready, _, _ = select.select([self.master], [], [], timeout)
        if ready:
            self.text += os.read(self.master, 65536)
        return bool(ready)

    def expect(self, what):
        end = time.monotonic() + LIMIT
        while what not in self.text[self.looked:]:
            if time.monotonic() > end:
                sys.exit("no %r in %r" % (what, self.text[self.looked:]))
            self.read(0.1)
        self.looked = self.text.index(what, self.looked) + len(what)

    def is_raw(self, want):
        end = time.monotonic() + LIMIT
        # not ICANON: a shell's line editor has it off, too
        while bool(termios.tcgetattr(self.slave)[3] & termios.ISIG) == want:
            if time.monotonic() > end:
                sys.exit("the terminal is %sin raw mode" % ("not " if want else ""))
            time.sleep(0.02)

    def wait_until(self, what, done):
        end = time.monotonic() + LIMIT
        while not done():
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit("not " + what)
            time.sleep(0.02)

    def is_full(self):
        return not select.select([], [self.slave], [], 0)[1]

    def has_ended(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def step(self, step):
        name, _, value = step.partition(":")
        if name == "expect":
            self.expect(value.encode())
        elif name == "send":
            os.write(self.master, value.encode().decode("unicode_escape").encode())
        elif name == "size":
            set_size(self.slave, value)
        elif name == "signal":
            signame, _, pidfile = value.partition(":")
            os.kill(int(open(pidfile).read()) if pidfile else self.pid, getattr(signal, "SIG" + signame))
        elif name == "close":
            os.close(self.master)
            self.master = None
        elif name == "full":
            self.wait_until(name, self.is_full)
        elif name == "ended":
            self.wait_until(name, self.has_ended)
        elif name in ("raw", "cooked"):
            self.is_raw(name == "raw")
        else:
            sys.exit("unknown step " + step)

    def end(self):
        deadline = time.monotonic() + LIMIT
        status = None
        while status is None:
            self.read(0.02)
            pid, got = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(got)
            elif time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                sys.stdout.buffer.write(self.text)
                sys.exit("the command does not end")
        while self.read(0.05):
            pass
        sys.stdout.buffer.write(self.text.replace(b"\r\n", b"\n"))
        sys.stdout.flush()
        if self.master is not None and termios.tcgetattr(self.slave) != self.before:
            sys.exit("the terminal's settings are not as before")
        return status


def run(args):
    steps, command = args[:args.index("--")], args[args.index("--") + 1:]
    words = {w: w in steps for w in ("not-controlling", "no-input")}
    steps = [s for s in steps if s not in words]
    size = "24x80"
    if steps and steps[0].startswith("size:"):
        size = steps.pop(0)[5:]
    runner = Runner(command, size, not words["not-controlling"], not words["no-input"])
    for step in steps:
        runner.step(step)
    return runner.end()


if sys.argv[1] == "receive":
    receive(sys.argv[2], sys.argv[3])
else:
    sys.exit(run(sys.argv[2:]))
