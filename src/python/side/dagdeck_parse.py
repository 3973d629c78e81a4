"""`dagdeck_parse.py FILE --dags-folder DIR [--plugins DIR] [--last JSON]`: prints the file's DAGs and what is wrong with it.

`--last` has the data interval of the last automated run of DAGs with a timetable of their own. `--manual DAG TIME` asks
such a timetable for the data interval of a triggered run instead. Answers are JSON.
"""
import os
import sys


def main(argv):
    path, dags_folder, plugins, last, manual = None, None, None, None, None
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--dags-folder":
            dags_folder = rest.pop(0)
        elif word == "--plugins":
            plugins = rest.pop(0)
        elif word == "--last":
            last = rest.pop(0)
        elif word == "--manual":
            manual = rest.pop(0), rest.pop(0)
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

    dags_folder = os.path.abspath(dags_folder or os.path.dirname(path))
    plugins = plugins and os.path.abspath(plugins)
    if manual is not None:
        text = parse.manual_interval(path, dags_folder, plugins, *manual)
    else:
        import json

        text = parse.parse(path, dags_folder, plugins, json.loads(last) if last else None)
    sys.stdout.flush()
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(answer, data):]
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
