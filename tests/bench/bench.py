#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares ketch with crun and runc: user+sys, wall time and peak memory of whole commands, interleaved, as ratios.

usage: bench.py [--ketch PATH] [--rounds N] [--json FILE] [CASE…]      CASES: run-default run-minimal state exec list kill
As root, on a quiet machine; never part of the tests. The peers that are installed are measured. On a hybrid host crun needs the
plain v1 view: unshare -m sh -c 'mount --make-rprivate /; umount /sys/fs/cgroup/unified; tests/bench/bench.py'
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

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


def case_run(name):
    def begin(rt, env):
        return None
    def argv(rt, env, i):
        return rt["base"] + ["run", "-b", env[name], f"b{i}"]
    return begin, argv


def with_container(*command):
    def begin(rt, env):
        subprocess.run(rt["base"] + ["run", "-d", "-b", env["sleeper"], "bench"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        return lambda: subprocess.run(rt["base"] + ["delete", "-f", "bench"], check=True)
    def argv(rt, env, i):
        return rt["base"] + list(command)
    return begin, argv


CASES = {
    "run-default": case_run("default"),
    "run-minimal": case_run("minimal"),
    "state": with_container("state", "bench"),
    "exec": with_container("exec", "bench", "true"),
    "list": with_container("list"),
    "kill": with_container("kill", "bench", "0"),
}


def run_case(name, runtimes, env, rounds):
    begin, argv = CASES[name]
    ends = [begin(rt, env) for rt in runtimes]
    rows = {rt["name"]: [] for rt in runtimes}
    for i in range(rounds + 2):
        for rt in runtimes:
            result = measure(env["launcher"], argv(rt, env, i))
            if i >= 2:
                rows[rt["name"]].append(result)
            time.sleep(0.01)
    for end in ends:
        if end:
            end()
    return {n: [statistics.median(r[k] for r in v) for k in range(3)] for n, v in rows.items()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ketch", default=os.path.join(os.path.dirname(__file__), "../../build-release/src/cli/ketch"))
    p.add_argument("--rounds", type=int, default=40)
    p.add_argument("--json")
    p.add_argument("cases", nargs="*")
    o = p.parse_args()
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
        for name in o.cases or CASES:
            results[name] = run_case(name, runtimes, env, o.rounds)
            k = results[name]["ketch"]
            for rt, (cpu, wall, rss) in results[name].items():
                ratio = "" if rt == "ketch" else f"   ketch/{rt}: cpu {k[0] / cpu:.2f} wall {k[1] / wall:.2f} rss {k[2] / rss:.2f}"
                print(f"{name:12} {rt:6} cpu {cpu:7.2f} ms  wall {wall:7.2f} ms  rss {rss:6.0f} KiB{ratio}", flush=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    if o.json:
        with open(o.json, "w") as f:
            json.dump(results, f, indent=1)


if __name__ == "__main__":
    main()
