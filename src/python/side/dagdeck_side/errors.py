"""Exceptions and warnings as diagnostics: file, line, sentence, hint."""
import os
import sys

SIDE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def short(error):
    """`Class: text`."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def own_frames(error):
    """Frames of the traceback without our own and the import machinery's at its top."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return frames


def is_users(file):
    return not file.startswith(SIDE) and not file.startswith("<") and not file.startswith(sys.base_prefix + "/lib/python")


def place(error, path):
    """File and line of the user's code that is deepest in the traceback."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0, error.offset or 0
    line = getattr(error, "line", 0)
    if line and not isinstance(line, str):
        return path, line, 0
    for file, number in reversed(own_frames(error)):
        if is_users(file):
            return file, number, 0
    return path, 0, 0


def stack(error):
    """The traceback as text, without the frames of dagdeck that led to the file."""
    import traceback

    skip = 0
    trace = error.__traceback__
    while trace is not None and not is_users(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
        skip += 1
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


def hint_of(error):
    """What to write instead, where we know better."""
    hint = getattr(error, "hint", None)
    if hint:
        return hint
    from airflow.standin import state

    if isinstance(error, ImportError):
        missing = state.missing
        if missing is not None and missing[1] and missing[0] in str(error):
            return missing[1]
        name = (getattr(error, "name", None) or "").partition(".")[0]
        if name and name != "airflow" and isinstance(error, ModuleNotFoundError):
            return f"{name} isn't installed for {sys.executable}; install it, or import it inside of the task's function"
    return None


def diagnostic(error, path):
    """An import failure."""
    file, line, column = place(error, path)
    return {"severity": "error", "file": file, "line": line, "column": column, "message": short(error),
            "hint": hint_of(error), "stack_trace": stack(error)}


def warning(entry):
    file, line, message, hint = entry
    return {"severity": "warning", "file": file, "line": line, "message": message, "hint": hint}
