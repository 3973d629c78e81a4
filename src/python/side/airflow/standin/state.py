"""What is being built in this process: open DAGs and groups, found DAGs, and warnings about the file."""
import sys

SIDE = __file__.rsplit("/airflow/standin/", 1)[0]

parsing = False
"""True in the DAG processor's process: lines, warnings and checks are wanted. False where a task runs."""
warnings = []
"""(file, line, message, hint) of old spellings, in order; only filled when parsing."""
dags = []
"""DAGs found by `with` or `@dag`, in order."""
unmapping = False
"""True while the plain operator of one map index is made: its arrows are the mapped task's."""
last_intervals = {}
"""Data interval of the last automated run by DAG id, for timetables of the author's own."""
open_dags = []
open_groups = []
setup_contexts = []
"""Open `with setup_or_teardown:` blocks, innermost last."""
context = None
"""Template context of the task that runs in this process."""
channel = None
"""Connection to the supervisor, where a task runs."""
settings = {}
dags_folder = plugins_folder = None
"""Where the DAG files and the plugins are, if known."""
missing = None
"""Last name of `airflow.*` that was looked for in vain, and what to write instead."""


def caller():
    """File and line of the user's code that is running."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(SIDE) and not name.startswith("<frozen") and name[:1] != "<":
            return name, frame.f_lineno
        frame = frame.f_back
    return "", 0


def line():
    """Line of the user's code that is running, while parsing."""
    return caller()[1] if parsing else 0


def warn(message, hint=None):
    """Notes an old or odd spelling that is understood all the same."""
    if parsing:
        file, number = caller()
        entry = (file, number, message, hint)
        if entry not in warnings:
            warnings.append(entry)


def is_key(text):
    """True for an id that Airflow takes."""
    return bool(text) and (text.isalnum() or text.replace("_", "a").replace("-", "a").replace(".", "a").isalnum())


def check_key(text, max_length=250):
    """Raises what Airflow raises for a bad id."""
    if not isinstance(text, str):
        raise TypeError(f"The key has to be a string and is {type(text)}:{text}")
    if len(text) > max_length:
        raise ValueError(f"The key has to be less than {max_length} characters, not {len(text)}")
    if not is_key(text):
        raise ValueError(
            f"The key {text!r} has to be made of alphanumeric characters, dashes, dots, and underscores exclusively"
        )


class NotSet:
    """Type of the marker for an argument that was not given."""

    def __repr__(self):
        return "NOTSET"

    def __bool__(self):
        return False


NOTSET = NotSet()
