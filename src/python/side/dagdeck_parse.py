"""`dagdeck_parse.py FILE --dags-folder DIR [--plugins DIR]`: prints the file's DAGs and what is wrong with it as JSON."""
import os
import sys


def main(argv):
    path, dags_folder, plugins = None, None, None
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--dags-folder":
            dags_folder = rest.pop(0)
        elif word == "--plugins":
            plugins = rest.pop(0)
        else:
            path = word
    if path is None:
        sys.stderr.write(__doc__ + "\n")
        return 2
    # what the file prints must not end up in the answer
    answer = os.dup(1)
    os.dup2(2, 1)
    path = os.path.abspath(path)
    from dagdeck_side import parse

    text = parse.parse(path, os.path.abspath(dags_folder or os.path.dirname(path)), plugins and os.path.abspath(plugins))
    sys.stdout.flush()
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(answer, data):]
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
