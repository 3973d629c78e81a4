"""What a task prints or logs becomes log messages to the supervisor."""
import sys

import _frozen_importlib_external as _external


class LineWriter:
    """Stands for `sys.stdout` or `sys.stderr`: each whole line is a message."""

    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = True
    closed = False
    mode = "w"

    def __init__(self, channel, logger, level, original):
        self.channel, self.logger, self.level, self.original = channel, logger, level, original
        self.rest = ""

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        lines = (self.rest + text).split("\n")
        self.rest = lines.pop()
        for line in lines:
            self.channel.log(self.level, self.logger, line)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        if self.rest:
            rest, self.rest = self.rest, ""
            self.channel.log(self.level, self.logger, rest)

    def isatty(self):
        return False

    def fileno(self):
        return self.original.fileno()

    def writable(self):
        return True

    def readable(self):
        return False

    seekable = readable

    def close(self):
        self.flush()

    @property
    def buffer(self):
        return Bytes(self)

    def reconfigure(self, **kwargs):
        """Nothing to set."""


class Bytes:
    """`sys.stdout.buffer`."""

    def __init__(self, writer):
        self.writer = writer

    def write(self, data):
        self.writer.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def flush(self):
        self.writer.flush()


class LoggingHook:
    """Puts our handler at the root of `logging` as soon as that is imported."""

    def __init__(self, channel):
        self.channel = channel

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        spec = _external.PathFinder.find_spec(name, path)
        loader = spec.loader
        run = loader.exec_module

        def exec_module(module):
            run(module)
            add_handler(module, self.channel)

        loader.exec_module = exec_module
        return spec


def add_handler(logging, channel):
    levels = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                trace = None
                if record.exc_info:
                    trace = logging.Formatter().formatException(record.exc_info)
                channel.log(levels.get(record.levelno, record.levelname.lower()), record.name, record.getMessage(),
                            trace, record.created)
            except Exception:
                self.handleError(record)

    root = logging.getLogger()
    root.addHandler(Handler())
    set_levels(logging, root)
    logging.captureWarnings(True)


def set_levels(logging, root):
    """`[logging] logging_level`, and `namespace_levels` such as "sqlalchemy=DEBUG, botocore = WARNING"."""
    from posix import environ

    def setting(key):
        return environ.get(b"AIRFLOW__LOGGING__" + key, b"").decode()

    root.setLevel((setting(b"LOGGING_LEVEL").strip() or "INFO").upper())
    for one in setting(b"NAMESPACE_LEVELS").replace(",", " ").replace(" =", "=").replace("= ", "=").split():
        name, _, level = one.partition("=")
        logging.getLogger(name).setLevel(level.upper())


def install(channel):
    """From here on, output goes to the supervisor."""
    sys.stdout = LineWriter(channel, "task.stdout", "info", sys.__stdout__)
    sys.stderr = LineWriter(channel, "task.stderr", "error", sys.__stderr__)
    if "logging" in sys.modules:
        add_handler(sys.modules["logging"], channel)
    else:
        sys.meta_path.insert(0, LoggingHook(channel))
