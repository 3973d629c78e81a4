"""Runs one task, or a DAG's callbacks: the supervisor at `DAGDECK_FD` says which."""
import os
import sys


def main():
    from dagdeck_side.protocol import Channel

    channel = Channel(int(os.environ.pop("DAGDECK_FD")))
    message = channel.read()
    if message["type"] == "DagCallbackRequest":
        from dagdeck_side.callbacks import run_dag_callbacks

        return run_dag_callbacks(channel, message)
    from dagdeck_side.run import run

    return run(channel, message)


def leave(code):
    """Ends at once, unless something was registered that needs an orderly end."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    import atexit

    threading = sys.modules.get("threading")
    alone = threading is None or threading.active_count() <= 1
    if alone and (not hasattr(atexit, "_ncallbacks") or atexit._ncallbacks() <= _registered):
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    import atexit

    _registered = atexit._ncallbacks() if hasattr(atexit, "_ncallbacks") else 0
    leave(main())
