"""`dagdeck_compile.py`: compiles the files of this folder; exit code 1 if one couldn't be.

On a full disk Python can leave a part of a compiled file behind, and every later import of it fails. So each is compiled
beside its place, read again, and moved there whole.
"""
import importlib.util
import marshal
import os
import py_compile
import sys

HEADER = 16


def whole(source):
    """Compiles one file; False if it couldn't be."""
    target = importlib.util.cache_from_source(source)
    draft = f"{target}.{os.getpid()}"
    try:
        py_compile.compile(source, cfile=draft, doraise=True)
        with open(draft, "rb") as file:
            marshal.loads(file.read()[HEADER:])
        os.replace(draft, target)
    except (OSError, EOFError, ValueError, TypeError, py_compile.PyCompileError):
        if os.path.exists(draft):
            os.remove(draft)
        return False
    return True


def main(side):
    sources = [os.path.join(folder, name) for folder, _, names in os.walk(side) for name in names if name.endswith(".py")]
    return 0 if all([whole(source) for source in sources]) else 1


if __name__ == "__main__":
    sys.exit(main(os.path.dirname(os.path.abspath(__file__))))
