"""`dagdeck_compile.py`: compiles this folder; exit code 1 if a compiled file is not whole.

On a full disk Python can leave a part of a compiled file behind, and every later import of it fails. Such files go.
"""
import compileall
import marshal
import os
import sys

HEADER = 16


def is_whole(path):
    try:
        with open(path, "rb") as file:
            marshal.loads(file.read()[HEADER:])
    except (OSError, EOFError, ValueError, TypeError):
        return False
    return True


def main(side):
    good = compileall.compile_dir(side, quiet=2)
    for folder, _, names in os.walk(side):
        if os.path.basename(folder) != "__pycache__":
            continue
        for path in (os.path.join(folder, name) for name in names if name.endswith(sys.implementation.cache_tag + ".pyc")):
            if not is_whole(path):
                os.remove(path)
                good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(os.path.dirname(os.path.abspath(__file__))))
