#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares ketch with crun and runc: user+sys, wall time and peak memory of whole commands, interleaved, as ratios.

usage: bench.py [--ketch PATH] [--rounds N] [--json FILE] [CASE…]
CASES: run-default run-minimal create-start-delete state exec list kill (user+sys, wall, peak memory of the commands),
       waiting-init (memory and threads of the process that `create` leaves), min-memory (smallest limit under which `run` works)
As root, on a quiet machine; never part of the tests. The peers that are installed are measured. On a hybrid host crun needs the
plain v1 view: unshare -m sh -c 'mount --make-rprivate /; umount /sys/fs/cgroup/unified; tests/bench/bench.py'
"""
import argparse, json, os, random, shutil, statistics, subprocess, sys, tempfile, time

APPLETS = "sh true sleep cat echo".split()


def bundle(top, name, spec_from, change):
    path = os.path.join(top, name)
    os.makedirs(path + "/rootfs/bin")
    for d in ("dev", "proc", "sys", "tmp"):
        os.mkdir(f"{path}/rootfs/{d}")
    shutil.copy("/bin/busybox", path + "/rootfs/bin/busybox")
    for a in APPLETS:
        os.symlink("busybox", f"{path}/rootfs/bin/{a}")
    subprocess.run([spec_from, "spec", "-b", path], check=True)
    with open(path + "/config.json") as f:
        config = json.load(f)
    config["process"]["terminal"] = False
    change(config)
    with open(path + "/config.json", "w") as f:
        json.dump(config, f)
    return path


def program(*args):
    def change(config):
        config["process"]["args"] = list(args)
    return change


def minimal(config):
    config["process"]["args"] = ["true"]
    config["linux"]["namespaces"] = [{"type": t} for t in ("pid", "mount", "ipc", "uts")]


def measure(launcher, argv):
    """user+sys ms, wall ms, peak RSS KiB of ARGV and what it waited for."""
    out = subprocess.run([launcher] + argv, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    cpu, wall, rss, status = map(int, out)
    if status != 0:
        sys.exit(f"{' '.join(argv)} failed")
    return cpu / 1e3, wall / 1e3, rss


def run_case(name):
    def one(rt, env, i):
        return measure(env["launcher"], rt["base"] + ["run", "-b", env[name], f"bench-{rt['name']}-{i}"])
    return one


def create_start_delete(rt, env, i):
    """The three commands of an engine, added up; the peak is that of the largest."""
    name = f"bench-{rt['name']}-{i}"
    rows = [measure(env["launcher"], rt["base"] + ["create", "-b", env["default"], name])]
    pid = state(rt, name)["pid"]
    rows.append(measure(env["launcher"], rt["base"] + ["start", name]))
    while os.path.exists(f"/proc/{pid}") and state(rt, name)["status"] != "stopped":
        time.sleep(0.002)
    rows.append(measure(env["launcher"], rt["base"] + ["delete", name]))
    return tuple(sum(r[k] for r in rows) for k in range(2)) + (max(r[2] for r in rows),)


def on_container(*command):
    def one(rt, env, i):
        return measure(env["launcher"], rt["base"] + [a.replace("ID", "bench-" + rt["name"]) for a in command])
    return one


def state(rt, name):
    return json.loads(subprocess.run(rt["base"] + ["state", name], check=True, stdout=subprocess.PIPE).stdout)


# Name: one measurement, and whether it needs a container that runs.
COMMANDS = {
    "run-default": (run_case("default"), False),
    "run-minimal": (run_case("minimal"), False),
    "create-start-delete": (create_start_delete, False),
    "state": (on_container("state", "ID"), True),
    "exec": (on_container("exec", "ID", "true"), True),
    "list": (on_container("list"), True),
    "kill": (on_container("kill", "ID", "0"), True),
}


def quietly(rt, *args, check=True):
    return subprocess.run(rt["base"] + list(args), check=check, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=None if check else subprocess.DEVNULL).returncode


def compare_commands(name, runtimes, env, rounds):
    one, running = COMMANDS[name]
    for rt in runtimes if running else []:
        quietly(rt, "run", "-d", "-b", env["sleeper"], "bench-" + rt["name"])
    rows = {rt["name"]: [] for rt in runtimes}
    for i in range(rounds + 2):
        # in another order each time: what runs before leaves the caches as it likes them
        for rt in random.sample(runtimes, len(runtimes)):
            result = one(rt, env, i)
            if i >= 2:
                rows[rt["name"]].append(result)
            time.sleep(0.01)
    for rt in runtimes if running else []:
        quietly(rt, "delete", "-f", "bench-" + rt["name"])
    medians = {n: [statistics.median(r[k] for r in v) for k in range(3)] for n, v in rows.items()}
    k = medians["ketch"]
    for rt, (cpu, wall, rss) in medians.items():
        ratio = "" if rt == "ketch" else f"   ketch/{rt}: cpu {k[0] / cpu:.2f} wall {k[1] / wall:.2f} rss {k[2] / rss:.2f}"
        print(f"{name:19} {rt:6} cpu {cpu:7.2f} ms  wall {wall:7.2f} ms  rss {rss:6.0f} KiB{ratio}", flush=True)
    return medians


def waiting_init(rt, env):
    """Resident KiB, those of them that are its own, and threads, of what waits for `start`."""
    name = "bench-" + rt["name"]
    quietly(rt, "create", "-b", env["sleeper"], name)
    pid = state(rt, name)["pid"]
    time.sleep(0.1)
    with open(f"/proc/{pid}/smaps_rollup") as f:
        fields = dict(line.split(":", 1) for line in f if ":" in line and "-" not in line.split()[0])
    threads = len(os.listdir(f"/proc/{pid}/task"))
    quietly(rt, "delete", "-f", name)
    kib = {k: int(v.split()[0]) for k, v in fields.items()}
    return kib["Rss"], kib["Private_Clean"] + kib["Private_Dirty"], threads


def compare_waiting(runtimes, env, rounds):
    medians = {}
    for rt in runtimes:
        rows = [waiting_init(rt, env) for _ in range(max(1, min(rounds, 5)))]
        medians[rt["name"]] = [statistics.median(r[k] for r in rows) for k in range(3)]
    k = medians["ketch"]
    for rt, (rss, own, threads) in medians.items():
        ratio = "" if rt == "ketch" else f"   ketch/{rt}: rss {k[0] / rss:.2f}"
        print(f"{'waiting-init':19} {rt:6} rss {rss:6.0f} KiB, private {own:6.0f} KiB  threads {threads:.0f}{ratio}", flush=True)
    return medians


def starts_with(rt, env, limit, times=3):
    """Whether the default bundle runs, each time, under LIMIT KiB of memory."""
    path = env["default"] + "/config.json"
    with open(path) as f:
        kept = f.read()
    config = json.loads(kept)
    config["linux"].setdefault("resources", {})["memory"] = {"limit": limit * 1024}
    with open(path, "w") as f:
        json.dump(config, f)
    try:
        for i in range(times):
            name = f"bench-{rt['name']}-m{limit}-{i}"
            if quietly(rt, "run", "-b", env["default"], name, check=False) != 0:
                quietly(rt, "delete", "-f", name, check=False)
                return False
        return True
    finally:
        with open(path, "w") as f:
            f.write(kept)


def compare_min_memory(runtimes, env, rounds):
    """By halves, in pages: what works with a limit works with a greater one."""
    result = {}
    for rt in runtimes:
        low, high = 0, 4096
        if not starts_with(rt, env, high * 4):
            sys.exit(f"{rt['name']} does not run under {high * 4} KiB")
        while high - low > 1:
            middle = (low + high) // 2
            if starts_with(rt, env, middle * 4):
                high = middle
            else:
                low = middle
        result[rt["name"]] = high * 4
        ratio = "" if rt["name"] == "ketch" else f"   ketch/{rt['name']}: {result['ketch'] / (high * 4):.2f}"
        print(f"{'min-memory':19} {rt['name']:6} {high * 4} KiB{ratio}", flush=True)
    return result


OTHERS = {"waiting-init": compare_waiting, "min-memory": compare_min_memory}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ketch", default=os.path.join(os.path.dirname(__file__), "../../build-release/src/cli/ketch"))
    p.add_argument("--rounds", type=int, default=40)
    p.add_argument("--json")
    p.add_argument("cases", nargs="*", metavar="CASE", help=" ".join([*COMMANDS, *OTHERS]))
    o = p.parse_args()
    for name in o.cases:
        if name not in COMMANDS and name not in OTHERS:
            p.error(f"no case '{name}'")
    random.seed(1)
    top = tempfile.mkdtemp(prefix="ketch-bench.", dir="/dev/shm")
    runtimes = [{"name": "ketch", "base": [os.path.realpath(o.ketch), "--root", top + "/ketch"]}]
    runtimes += [{"name": n, "base": [shutil.which(n), "--root", f"{top}/{n}"]} for n in ("crun", "runc") if shutil.which(n)]
    # Debian 12's crun knows ociVersion 1.0 only: the peers' own template serves all.
    template = shutil.which("crun") or runtimes[0]["base"][0]
    env = {"default": bundle(top, "b-default", template, program("true")), "minimal": bundle(top, "b-minimal", template, minimal),
           "sleeper": bundle(top, "b-sleeper", template, program("sleep", "1000"))}
    env["launcher"] = top + "/measure"
    subprocess.run(["cc", "-O2", "-static", "-o", env["launcher"], os.path.join(os.path.dirname(__file__), "measure.c")], check=True)
    results = {}
    try:
        for name in o.cases or [*COMMANDS, *OTHERS]:
            if name in COMMANDS:
                results[name] = compare_commands(name, runtimes, env, o.rounds)
            else:
                results[name] = OTHERS[name](runtimes, env, o.rounds)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    if o.json:
        with open(o.json, "w") as f:
            json.dump(results, f, indent=1)


if __name__ == "__main__":
    main()
