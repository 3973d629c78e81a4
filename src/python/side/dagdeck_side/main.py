"""The life of a process that runs one task."""
import sys

from posix import _exit, environ, unsetenv  # `os` takes milliseconds, and is only imported where something needs it


def main():
    from .protocol import Channel

    registered = exit_handlers()
    if sys.flags.no_site:
        without_site()
    channel = Channel(int(take("DAGDECK_FD")))
    message = channel.read()
    if message["type"] in ("DagCallbackRequest", "TaskCallbackRequest", "DeadlineCallbackRequest",
                           "DeadlineReferenceRequest"):
        from .callbacks import run_requested

        code = run_requested(channel, message)
    elif message["type"] == "StartTriggerer":
        from .triggerer import run

        leave(run(channel, message), registered)
    elif message["type"] == "PodCallsRequest":
        from .pod_calls import run

        code = run(channel, message)
    elif message["type"] == "PodDraftRequest":
        from .pod_draft import Draft
        from .run import run

        code = run(channel, message, Draft)
    else:
        from .run import run

        code = run(channel, message)
    bundle = sys.modules.get("dagdeck_side.bundle")
    # The files of a pod go with it: no other task would read the bundle.
    if (bundle is None or bundle.stale) and b"AIRFLOW_IS_K8S_EXECUTOR_POD" not in environ:
        from . import bundle

        bundle.write()
    leave(code, registered)


def take(name):
    """Takes a variable out of the environment."""
    value = environ.pop(name.encode()).decode()
    unsetenv(name)
    os = sys.modules.get("os")
    if os is not None:
        os.environ.pop(name, None)
    return value


def exit_handlers():
    """Number of registered exit handlers, if this interpreter tells."""
    import atexit

    return atexit._ncallbacks() if hasattr(atexit, "_ncallbacks") else None


def without_site():
    """What people expect of the `site` module, which is only loaded when a package of its folders is wanted."""
    import builtins

    def leave(code=None):
        raise SystemExit(code)

    builtins.exit = builtins.quit = leave


def leave(code, registered):
    """Ends at once, unless something was registered that needs an orderly end."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    threading = sys.modules.get("threading")
    alone = threading is None or threading.active_count() <= 1
    if alone and registered is not None and exit_handlers() - registered <= known_handlers():
        _exit(code)
    sys.exit(code)


def known_handlers():
    """Exit handlers of modules that only tidy up memory."""
    return sum(1 for name in ("logging", "weakref") if name in sys.modules)
