"""Checks what the program is built from: licences, one TLS stack, nothing that the house rules exclude."""
import re
import subprocess
import sys

LICENCES = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "0BSD",
    "Unlicense", "CC0-1.0", "BSL-1.0", "WTFPL", "Unicode-3.0", "Unicode-DFS-2016",
}

# Crate and why it isn't wanted, anywhere in the program.
UNWANTED = {
    "chrono": "jiff is the one calendar",
    "openssl": "rustls is the one TLS stack",
    "openssl-sys": "rustls is the one TLS stack",
    "native-tls": "rustls is the one TLS stack",
    "boring": "rustls is the one TLS stack",
    "async-std": "one runtime at most",
    "smol": "one runtime at most",
}

# The same for what Cargo.toml itself names.
UNWANTED_HERE = {
    "time": "jiff is the one calendar",
    "anyhow": "errors carry kind, cause and hint",
    "lazy_static": "the standard library has LazyLock",
}


def allowed(expression):
    """Whether one alternative of an SPDX expression needs only allowed licences."""
    text = re.sub(r"\s*/\s*", " OR ", expression).strip()
    while True:
        inner = re.search(r"\(([^()]*)\)", text)
        if inner is None:
            break
        # A group counts as a licence that is allowed, or as one that isn't.
        text = text[:inner.start()] + ("MIT" if allowed(inner.group(1)) else "refused") + text[inner.end():]
    return any(all(part.strip() in LICENCES for part in choice.split(" AND ")) for choice in text.split(" OR "))


def tree(*options):
    """{(name, version): (licence, features)} of what cargo would build."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p}|{l}|{f}", *options]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for line in (line for line in text.splitlines() if "|" in line):  # else a headline or an empty line
        package, licence, features = line.split("|")
        name, version = package.split(" ")[:2]
        found[name, version.lstrip("v")] = licence, set(features.removesuffix(" (*)").split(","))
    return found


def problems(everything, program, direct):
    for (name, version), (licence, _) in sorted(everything.items()):
        if not allowed(licence):
            yield f"{name} {version}: licence {licence or '(none)'} is not on the list"
    for (name, version), (_, features) in sorted(program.items()):
        if name in UNWANTED:
            yield f"{name} {version}: {UNWANTED[name]}"
        if name == "tokio" and "full" in features:
            yield f"{name} {version}: name the parts of tokio that are used instead of `full`"
    for name, version in sorted(direct):
        if name in UNWANTED_HERE:
            yield f"{name} {version}: {UNWANTED_HERE[name]}"
    for stack in ("rustls", "ring", "aws-lc-rs"):
        versions = [version for name, version in sorted(program) if name == stack]
        if len(versions) > 1:
            yield f"{stack}: {len(versions)} versions: {', '.join(versions)}"
    if {"ring", "aws-lc-rs"} <= {name for name, _ in program}:
        yield "ring and aws-lc-rs: one provider of cryptography is enough"


def proof():
    """The rules themselves, on small examples."""
    for good in ("MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Unicode-3.0"):
        assert allowed(good), good
    for bad in ("GPL-3.0", "MIT AND GPL-3.0", "(GPL-2.0 OR MPL-2.0) AND MIT", ""):
        assert not allowed(bad), bad
    made = {(name, "1"): ("MIT", set()) for name in ("openssl", "ring", "aws-lc-rs", "anyhow", "time")}
    made["tokio", "1"] = "MIT", {"full"}
    made["rustls", "1"] = made["rustls", "2"] = "MIT", set()
    found = list(problems({**made, ("x", "1"): ("GPL-3.0", set())}, made, {("anyhow", "1"): ("MIT", set())}))
    for text in ("x 1: licence", "openssl 1", "tokio 1", "anyhow 1", "rustls: 2 versions", "ring and aws"):
        assert sum(text in problem for problem in found) == 1, (text, found)
    assert len(found) == 6, found


def main():
    proof()
    everything, program = tree("--edges", "all"), tree("--edges", "normal,build")
    found = list(problems(everything, program, tree("--edges", "normal", "--depth", "1")))
    for problem in found:
        print(problem)
    print(f"{len(program)} packages in the program, {len(everything)} with those of the tests: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
