#!/usr/bin/env python3
"""Checks licences, bans and sources of all dependencies by deny.toml, without cargo-deny."""

import re
import subprocess
import sys
import tomllib

# Crates that deny.toml cannot ban, since the lock file names them though nothing builds them.
NOT_BUILT = {"ring"}


def acceptable(expression, allowed):
    """Whether an SPDX expression can be satisfied by the allowed licences."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def alternatives():
        result = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            right = conjunction()
            result = result or right
        return result

    def conjunction():
        result = atom()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            right = atom()
            result = result and right
        return result

    def atom():
        token = tokens.pop(0)
        if token == "(":
            result = alternatives()
            tokens.pop(0)
            return result
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in allowed

    return alternatives()


def main():
    with open("deny.toml", "rb") as file:
        policy = tomllib.load(file)
    allowed = set(policy["licenses"]["allow"])
    banned = {entry["crate"] for entry in policy["bans"]["deny"]} | NOT_BUILT

    command = ["cargo", "tree", "--locked", "--workspace", "--target", "all", "--prefix", "none"]
    command += ["--edges", "normal,build,dev", "--format", "{p}\t{l}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    packages = sorted({line.removesuffix(" (*)") for line in output.splitlines() if line})

    faults = []
    versions = {}
    for package in packages:
        spec, _, licence = package.partition("\t")
        name, version = spec.split(" ")[:2]
        versions.setdefault(name, set()).add(version)
        if name in banned:
            faults.append(f"{name} is banned")
        if not licence or not acceptable(licence, allowed):
            faults.append(f"{name} {version}: licence {licence or 'unknown'}")
    unused = [
        licence
        for licence in sorted(allowed)
        if not any(licence in package.partition("\t")[2] for package in packages)
    ]
    faults += [f"deny.toml allows {licence}, which nothing has" for licence in unused]

    for name, found in sorted(versions.items()):
        if len(found) > 1:
            print(f"note: {name} in {len(found)} versions: {', '.join(sorted(found))}")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    print(f"{len(versions)} crates, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
