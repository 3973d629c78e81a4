"""`dagdeck_mutate.py DAGS_FOLDER PLUGINS_FOLDER`: changes pods by `pod_mutation_hook` of `airflow_local_settings.py`.

Each line of the input is the manifest of a pod; it is answered by a line `{"manifest": ..}`, or by `{"exception": CLASS, "error": TEXT}`.
"""
import json
import os
import sys


def changed(hook, manifest):
    """The manifest after the hook has seen its pod."""
    from dagdeck_side.pods import build, plain

    pod = build("V1Pod", manifest)
    hook(pod)
    return plain(pod)


def main(dags_folder, plugins_folder):
    # what the hook prints must not end up in the answers
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from dagdeck_side.load import prepare

    prepare(dags_folder, plugins_folder)
    for line in sys.stdin:
        try:
            from dagdeck_side.plugins import policy

            hook = policy("pod_mutation_hook")
            manifest = json.loads(line)
            answer = {"manifest": manifest if hook is None else changed(hook, manifest)}
        except Exception as error:
            answer = {"exception": type(error).__name__, "error": str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
