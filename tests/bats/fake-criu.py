# SPDX-License-Identifier: GPL-2.0-or-later
# `fake-criu.py swrk FD DEED…`: what CRIU says to its client (images/rpc.proto of CRIU), without any dump. At the request for one it does the deeds in
# order: say=SCRIPT is a notification (an answer of failure ends the dump), kill=PID, term tells the client to end, touch=FILE, wait=FILE
# until it is there or 30 seconds are over, fail. It has no feature.
import os
import signal
import socket
import sys
import time

DUMP, NOTIFY, FEATURE_CHECK, VERSION = 1, 6, 9, 10


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def number(field, n):
    return varint(field << 3) + varint(n)


def message(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def answer(kind, success, more=b''):
    return number(1, kind) + number(2, success) + more


def main():
    sock = socket.socket(fileno=int(sys.argv[2]))

    def dump():
        for deed in sys.argv[3:]:
            word, _, value = deed.partition('=')
            if word == 'say':
                sock.send(answer(NOTIFY, 1, message(5, message(1, value.encode()))))
                if sock.recv(65536) != number(1, NOTIFY) + number(3, 1):
                    return 0
            elif word == 'kill':
                os.kill(int(value), signal.SIGKILL)
                time.sleep(0.2)
            elif word == 'term':
                os.kill(os.getppid(), signal.SIGTERM)
                time.sleep(0.5)
            elif word == 'fail':
                return 0
            elif word == 'touch':
                open(value, 'w').close()
            elif word == 'wait':
                for _ in range(600):
                    if os.path.exists(value):
                        break
                    time.sleep(0.05)
        return 1

    while True:
        request = sock.recv(65536)
        if not request:
            return
        kind = request[1]
        if kind == VERSION:
            sock.send(answer(VERSION, 1, message(10, number(1, 4) + number(2, 1) + number(4, 1))))
        elif kind == FEATURE_CHECK:
            sock.send(answer(FEATURE_CHECK, 1, message(8, number(1, 0) + number(2, 0))))
        else:
            sock.send(answer(kind, dump()))


main()
