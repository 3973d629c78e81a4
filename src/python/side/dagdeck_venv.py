"""`dagdeck_venv.py FOLDER`: runs a function for `PythonVirtualenvOperator` and its like, in their interpreter.

The folder has request.json, function.py and the pickled arguments; the result is written there. What is here runs in
any Python 3; the stand-in `airflow` comes along where this interpreter is new enough for it.
"""
import datetime
import os
import sys


def native(value):
    """Dates of pendulum as those of the standard library, which every interpreter can read."""
    if isinstance(value, datetime.datetime) and type(value) is not datetime.datetime:
        name = getattr(value, "timezone_name", None)
        zone = value.tzinfo
        if zone is not None:
            try:
                from zoneinfo import ZoneInfo

                zone = ZoneInfo(name)
            except Exception:
                zone = datetime.timezone(value.utcoffset())
        return datetime.datetime(value.year, value.month, value.day, value.hour, value.minute, value.second,
                                 value.microsecond, tzinfo=zone)
    return over(native, value)


def over(function, value):
    """A function over the values of dicts, lists and tuples."""
    if type(value) is dict:
        return {k: function(v) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(function(v) for v in value)
    return value


def nice(value):
    """Aware dates as pendulum's, where it is installed."""
    if type(value) is datetime.datetime and value.tzinfo is not None:
        try:
            import pendulum

            return pendulum.instance(value)
        except ImportError:
            return value
    return over(nice, value)


def pendulum_version():
    """Version of the installed pendulum; None where there is none (dagdeck brings its own then)."""
    try:
        from importlib.metadata import version

        return version("pendulum")
    except Exception:
        return None


def attach(side):
    """Makes `airflow` importable, and its questions go to the task's supervisor."""
    sys.path.append(side)
    try:
        import airflow  # noqa: F401  installs the finder
        from airflow.standin import state
        from dagdeck_side import load
        from dagdeck_side.protocol import Channel
    except (ImportError, SyntaxError):
        return
    sys.meta_path.append(load.Substitutes)
    fd = os.environ.pop("DAGDECK_FD", None)
    if fd is not None:
        state.channel = Channel(int(fd))


def main(folder):
    import json

    with open(os.path.join(folder, "request.json")) as file:
        request = json.load(file)
    if request["airflow"] and sys.version_info >= (3, 9):
        attach(request["side"])
    pickling = __import__(request["serializer"])
    path = os.path.join(folder, "function.py")
    with open(path) as file:
        source = file.read()
    import types

    here = sys.modules["__main__"].__dict__
    here["virtualenv_string_args"] = [s.strip() for s in request["string_args"]]
    exec(compile(source, path, "exec"), here)
    function = here[request["function"]]
    module = sys.modules[request["module"]] = types.ModuleType(request["module"])
    setattr(module, request["function"], function)
    with open(os.path.join(folder, "script.in"), "rb") as file:
        given = pickling.load(file)
    try:
        result = function(*[nice(a) for a in given["args"]], **nice(given["kwargs"]))
        if type(result).__name__ == "coroutine":
            import asyncio

            result = asyncio.run(result)
    except Exception as error:
        with open(os.path.join(folder, "termination.log"), "w") as file:
            file.write(str(error))
        raise
    if pendulum_version() != request["pendulum"]:
        result = native(result)
    with open(os.path.join(folder, "script.out"), "wb") as file:
        if result is not None:
            pickling.dump(result, file)


if __name__ == "__main__":
    sys.path[0:1] = []
    main(sys.argv[1])
