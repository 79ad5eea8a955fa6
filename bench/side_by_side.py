#!/usr/bin/env python3
"""CPU per enrollment of servers and clients, one after the other on this machine.

    cargo build --release --bin scep && bench/side_by_side.py [--step-ca PROGRAM] [--requests N] [--write]

Servers are asked by `scep load` (RSA-2048, one key for all devices); each client enrolls at the same mock
with a key that is there already. CPU is that of the whole process, user and system. Debian's `scepserver` and
`scepclient` have to be installed (package `scep`); `--step-ca` is one that takes its configuration as its
only argument. With `--write` the table goes into docs/performance.md.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCEP = ROOT / "target/release/scep"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """CPU that a process has used, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def run(*command, cwd=None):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on {port}")


def sha256(certificate):
    der = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-outform", "DER"], capture_output=True, check=True
    ).stdout
    return hashlib.sha256(der).hexdigest()


class Server:
    """A program that runs for as long as it is measured."""

    def __init__(self, name, command, port, url, pin, cwd):
        self.name, self.url, self.pin = name, url, pin
        self.process = subprocess.Popen(
            [str(c) for c in command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


def mock(folder, profile="plain"):
    port, control = free_port(), free_port()
    command = [SCEP, "mock", "--profile", profile, "--provider", "aws-lc-rs", "--challenge", f"static:{folder}/password"]
    command += ["--listen", f"127.0.0.1:{port}", "--control-listen", f"127.0.0.1:{control}"]
    server = Server("mock", command, port, f"http://127.0.0.1:{port}/certsrv/mscep/mscep.dll", None, folder)
    pem = Path(folder) / "mock.pem"
    pem.write_bytes(subprocess.run(["curl", "-s", f"http://127.0.0.1:{control}/ca.pem"], capture_output=True, check=True).stdout)
    server.pin = sha256(pem)
    return server


def scepserver(folder):
    port = free_port()
    run("scepserver", "ca", "-init", "-depot", "depot", "-organization", "Test", "-keySize", "2048", "-key-password", "", cwd=folder)
    command = ["scepserver", "-depot", "depot", "-port", port, "-challenge", "secret", "-allowrenew", "0"]
    return Server("scepserver", command, port, f"http://127.0.0.1:{port}/scep", sha256(f"{folder}/depot/ca.pem"), folder)


def step_ca(folder, program):
    port, tls = free_port(), free_port()
    extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature,keyEncipherment\n"
    (Path(folder) / "ext").write_text(extensions + "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.crt", "-subj", "/CN=Root", "-days", "30", cwd=folder)
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "int.key", "-out", "int.csr", "-subj", "/CN=Intermediate", cwd=folder)
    run("openssl", "x509", "-req", "-in", "int.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-days", "30", "-extfile", "ext", "-out", "int.crt", cwd=folder)
    provisioner = {"type": "SCEP", "name": "test", "challenge": "secret", "includeRoot": True, "encryptionAlgorithmIdentifier": 2}
    configuration = {
        "root": "root.crt", "crt": "int.crt", "key": "int.key", "address": f"127.0.0.1:{tls}", "insecureAddress": f"127.0.0.1:{port}",
        "dnsNames": ["localhost"], "db": {"type": "badgerv2", "dataSource": "db"}, "authority": {"provisioners": [provisioner]},
    }
    (Path(folder) / "ca.json").write_text(json.dumps(configuration))
    return Server("step-ca", [program, "ca.json"], port, f"http://127.0.0.1:{port}/scep/test", sha256(Path(folder) / "root.crt"), folder)


def load(server, folder, requests):
    """CPU of server and client for each certificate, in ms."""
    result = Path(folder) / "load.json"
    command = [SCEP, "load", server.url, "--ca-sha256", server.pin, "--requests", requests, "--concurrency", 4, "--reuse-keys"]
    command += ["--policy", "legacy", "--provider", "aws-lc-rs", "--challenge-file", f"{folder}/password", "--warm-up", 20, "--json", result]
    before, client = cpu_of(server.process.pid), children_cpu()
    subprocess.run([str(c) for c in command], capture_output=True, check=False)
    after, client = cpu_of(server.process.pid), children_cpu() - client
    report = json.loads(result.read_text())
    good = report["issued"]
    return (after - before) / (good + 20), client / (good + 20), report


def processor():
    """The processor, and what of it makes RSA fast."""
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    known = [flag for flag in ("avx2", "adx", "avx512ifma") if f" {flag}" in text]
    return f"{model.group(1) if model else 'unknown processor'} ({' '.join(known)})"


def floor():
    """Three RSA-2048 private-key operations by OpenSSL, in ms."""
    text = run("openssl", "speed", "-seconds", "3", "rsa2048")
    sign = re.search(r"rsa 2048 bits ([0-9.]+)s", text)
    return 3000 * float(sign.group(1))


def clients(server, folder, times):
    run("openssl", "genrsa", "-traditional", "-out", "client.key", "2048", cwd=folder)
    ours = [SCEP, "enroll", server.url, "--ca-sha256", server.pin, "--subject", "CN=c", "--key-file", "client.key"]
    ours += ["--challenge-file", "password", "--out", "ours", "--force"]
    theirs = ["scepclient", "-server-url", server.url, "-private-key", "client.key", "-certificate", "theirs.pem", "-challenge", "secret", "-cn", "c"]
    seen = {"scep enroll": [], "scepclient": []}
    for _ in range(times):
        for name, command in (("scep enroll", ours), ("scepclient", theirs)):
            for left in ("theirs.pem", "self.pem", "csr.pem"):
                (Path(folder) / left).unlink(missing_ok=True)
            before = children_cpu()
            run(*command, cwd=folder)
            seen[name].append(children_cpu() - before)
    return {name: statistics.median(all_of) for name, all_of in seen.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step-ca", metavar="PROGRAM", type=os.path.abspath)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as top:
        for round_ in range(given.rounds):
            rows.setdefault("three RSA-2048 private-key operations (openssl speed)", []).append((floor(), None))
            for start in [mock, scepserver] + ([lambda f: step_ca(f, given.step_ca)] if given.step_ca else []):
                folder = tempfile.mkdtemp(dir=top)
                (Path(folder) / "password").write_text("secret\n")
                with start(folder) as server:
                    cost, client, report = load(server, folder, given.requests)
                    rows.setdefault(f"server: {server.name}", []).append((cost, report))
                    if server.name == "mock":
                        rows.setdefault("client: scep load, all of it", []).append((client, None))
                        for name, used in clients(server, folder, 10).items():
                            rows.setdefault(f"client: {name}, whole process", []).append((used, None))
    medians = {name: statistics.median(cost for cost, _ in measured) for name, measured in rows.items()}
    least, reference = next(iter(medians.values())), medians["server: mock"]
    lines = ["| | CPU for each enrollment, ms | against the mock | beyond the three operations, ms |", "|---|---|---|---|"]
    for name, cost in medians.items():
        beyond = f"{cost - least:.2f}" if name.startswith("server") else ""
        lines.append(f"| {name} | {cost:.2f} | {cost / reference:.2f} | {beyond} |")
    lines.append(f"\n{processor()}, {os.cpu_count()} processors, {date.today()}.")
    table = "\n".join(lines)
    print(table)
    if given.write:
        page = ROOT / "docs/performance.md"
        text = page.read_text()
        begin, end = "<!-- measured -->\n", "<!-- end -->"
        head, rest = text.split(begin)
        page.write_text(head + begin + table + "\n" + end + rest.split(end)[1])


main()
