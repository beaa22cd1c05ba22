# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the Kubernetes Container Runtime Interface (CRI, runtime.v1) that tests/engines/cri.sh needs, spoken as a kubelet does: gRPC over
a UNIX socket, by curl(1) and a few lines of protocol buffers.

usage: cri.py SOCKET METHOD [JSON]      METHOD of RuntimeService; JSON: the request by the names below; prints the answer as JSON
"""
import json
import os
import subprocess
import sys
import tempfile

# Members by number: "s" text, "n" number, "b" bytes that are text, [T] repeated, a dict another message.
IDS = [{1: ("host_id", "n"), 2: ("container_id", "n"), 3: ("length", "n")}]
NAMESPACES = {1: ("network", "n"), 2: ("pid", "n"), 3: ("ipc", "n"), 4: ("target_id", "s"),
              5: ("userns_options", {1: ("mode", "n"), 2: ("uids", IDS), 3: ("gids", IDS)})}
INT64 = {1: ("value", "n")}
RESOURCES = {1: ("cpu_period", "n"), 2: ("cpu_quota", "n"), 3: ("cpu_shares", "n"), 4: ("memory_limit_in_bytes", "n"),
             5: ("oom_score_adj", "n"), 6: ("cpuset_cpus", "s"), 10: ("memory_swap_limit_in_bytes", "n")}
CAPABILITIES = {1: ("add", ["s"]), 2: ("drop", ["s"])}
PROFILE = {1: ("type", "n"), 2: ("localhost_ref", "s")}
SECURITY = {1: ("capabilities", CAPABILITIES), 2: ("privileged", "n"), 3: ("namespaces", NAMESPACES), 5: ("run_as_user", INT64),
            7: ("readonly_rootfs", "n"), 8: ("supplemental_groups", ["n"]), 11: ("no_new_privs", "n"), 12: ("run_as_group", INT64),
            13: ("masked_paths", ["s"]), 14: ("readonly_paths", ["s"]), 15: ("seccomp", PROFILE)}
ENTRY = {1: ("key", "s"), 2: ("value", "s")}
POD = {1: ("metadata", {1: ("name", "s"), 2: ("uid", "s"), 3: ("namespace", "s")}), 2: ("hostname", "s"), 3: ("log_directory", "s"),
       6: ("labels", [ENTRY]), 7: ("annotations", [ENTRY]),
       8: ("linux", {1: ("cgroup_parent", "s"), 2: ("security", {1: ("namespaces", NAMESPACES), 6: ("privileged", "n")}), 3: ("sysctls", [ENTRY])})}
MOUNT = {1: ("container_path", "s"), 2: ("host_path", "s"), 3: ("readonly", "n"), 5: ("propagation", "n"), 6: ("uids", IDS), 7: ("gids", IDS),
         8: ("recursive_read_only", "n")}
DEVICE = {1: ("container_path", "s"), 2: ("host_path", "s"), 3: ("permissions", "s")}
CONTAINER = {1: ("metadata", {1: ("name", "s")}), 2: ("image", {1: ("image", "s")}), 3: ("command", ["s"]), 4: ("args", ["s"]),
             5: ("working_dir", "s"), 6: ("envs", [ENTRY]), 7: ("mounts", [MOUNT]), 8: ("devices", [DEVICE]), 11: ("log_path", "s"),
             12: ("stdin", "n"), 14: ("tty", "n"), 15: ("linux", {1: ("resources", RESOURCES), 2: ("security", SECURITY)})}
STATUS = {1: ("id", "s"), 3: ("state", "n"), 7: ("exit_code", "n"), 10: ("reason", "s"), 11: ("message", "s")}
AMOUNT = {1: ("value", "n")}
STATS = {1: ("attributes", {1: ("id", "s")}), 2: ("cpu", {2: ("nanoseconds", AMOUNT)}), 3: ("memory", {2: ("working_set", AMOUNT)})}
ID = {1: ("id", "s")}

METHODS = {
    "Version": ({1: ("version", "s")}, {1: ("version", "s"), 2: ("name", "s"), 3: ("runtime_version", "s"), 4: ("api", "s")}),
    "Status": ({1: ("verbose", "n")}, {1: ("status", {1: ("conditions", [{1: ("type", "s"), 2: ("status", "n")}])}), 2: ("info", [ENTRY]),
                                        3: ("handlers", [{1: ("name", "s"), 2: ("features", {1: ("recursive_read_only_mounts", "n"), 2: ("user_namespaces", "n")})}])}),
    "RunPodSandbox": ({1: ("config", POD), 2: ("handler", "s")}, ID),
    "StopPodSandbox": (ID, {}), "RemovePodSandbox": (ID, {}),
    "PodSandboxStatus": (ID, {1: ("status", {1: ("id", "s"), 3: ("state", "n")})}),
    "CreateContainer": ({1: ("pod", "s"), 2: ("config", CONTAINER), 3: ("sandbox", POD)}, ID),
    "StartContainer": (ID, {}), "RemoveContainer": (ID, {}),
    "StopContainer": ({1: ("id", "s"), 2: ("timeout", "n")}, {}),
    "ContainerStatus": (ID, {1: ("status", STATUS)}),
    "UpdateContainerResources": ({1: ("id", "s"), 2: ("linux", RESOURCES)}, {}),
    "ExecSync": ({1: ("id", "s"), 2: ("cmd", ["s"]), 3: ("timeout", "n")}, {1: ("stdout", "s"), 2: ("stderr", "s"), 3: ("exit_code", "n")}),
    "ContainerStats": (ID, {1: ("stats", STATS)}),
    "ReopenContainerLog": (ID, {}),
}


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def encode(shape, values):
    out = b""
    for number, (name, kind) in sorted(shape.items()):
        if name not in values:
            continue
        for value in values[name] if isinstance(kind, list) else [values[name]]:
            one = kind[0] if isinstance(kind, list) else kind
            if one == "n":
                out += varint(number << 3) + varint(int(value))
            else:
                data = encode(one, value) if isinstance(one, dict) else value.encode()
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def read_varint(data, at):
    n = shift = 0
    while True:
        n |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return n, at


def decode(shape, data):
    out, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = {1: 8, 5: 4}[key & 7]
            value, at = data[at:at + size], at + size
        name, kind = shape.get(key >> 3, (None, None))
        if name is None:
            continue
        one = kind[0] if isinstance(kind, list) else kind
        if isinstance(one, dict):
            value = decode(one, value)
        elif one == "s":
            value = value.decode(errors="replace")
        if isinstance(kind, list):
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


def call(socket, method, request):
    shape, answer = METHODS[method]
    message = encode(shape, request)
    with tempfile.TemporaryDirectory() as where:
        trailers = os.path.join(where, "trailers")
        done = subprocess.run(
            ["curl", "-sS", "--http2-prior-knowledge", "--unix-socket", socket, "-D", trailers, "-H", "content-type: application/grpc",
             "-H", "te: trailers", "--data-binary", "@-", "http://localhost/runtime.v1.RuntimeService/" + method],
            input=b"\0" + len(message).to_bytes(4, "big") + message, stdout=subprocess.PIPE, check=True)
        with open(trailers, encoding="utf-8", errors="replace") as f:
            words = dict(line.rstrip("\r\n").split(": ", 1) for line in f if ": " in line)
    if words.get("grpc-status", "0") != "0":
        sys.exit(method + ": " + words.get("grpc-message", "status " + words["grpc-status"]))
    return decode(answer, done.stdout[5:])


print(json.dumps(call(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})))
