#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes ketch.1 from ketch.1.in: the sections that tables of the program know come from the program.
usage: generate.py KETCH TEMPLATE OUTPUT AGENT"""
import re, subprocess, sys

ketch, template, output, agent = sys.argv[1:]


def run(*args):
    return subprocess.run([ketch, *args], check=True, stdout=subprocess.PIPE, text=True).stdout


def esc(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + text if text[:1] in (".", "'") else text


def options(lines):
    """The rows of --help: '  -b, --bundle DIR   text'."""
    out = []
    for line in lines:
        m = re.match(r"\s+((?:-\w, )?\s*--\S+(?: [^\s]\S*)?)\s{2,}(\S.*)", line)
        if m:
            out.append(f".TP\n.B {esc(m.group(1).strip())}\n{esc(m.group(2))}")
    return "\n".join(out)


def command(name, summary):
    text = run(name, "--help").splitlines()
    usage = text[0].split(None, 2)[2]
    return f".SS {esc(usage)}\n{esc(summary[0].upper() + summary[1:])}.\n" + options(text)


help_lines = run("--help").splitlines()
i, j = help_lines.index("commands:"), help_lines.index("global options:")
commands = [line.split(None, 1) for line in help_lines[i + 1:j] if line.strip()]
steps = [line.split(None, 2) for line in run("explain", "--names").splitlines()]
annotations = [line.split(None, 1) for line in run("explain", "--annotations").splitlines()]

with open(template) as f:
    page = f.read()
page = page.replace("@VERSION@", run("--version").split("\n")[0].split()[2])
page = page.replace("@AGENT@", esc(agent))
page = page.replace("@GLOBAL@", options(help_lines[j + 1:]))
page = page.replace("@COMMANDS@", "\n".join(command(n, s) for n, s in commands))
page = page.replace("@STEPS@", "\n".join(f".TP\n.B {esc(n)}\n({esc(stage)}) {esc(what)}" for n, stage, what in steps))
page = page.replace("@ANNOTATIONS@", "\n".join(f".TP\n.B {esc(n)}\n{esc(what)}" for n, what in annotations))
with open(output, "w") as f:
    f.write(page)
