"""The conversation with the supervisor: JSON lines over a socket, without the slow standard modules."""
import time
from posix import read, write

try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:  # an interpreter without the accelerator
    make_scanner = None

from _thread import RLock


class _Options:
    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo = {}

    @staticmethod
    def parse_constant(name):
        return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}[name]


if make_scanner is not None:
    _scan = make_scanner(_Options)

    def loads(text):
        """JSON text to a value."""
        start = 0
        while text[start] in " \t\r\n":
            start += 1
        return _scan(text, start)[0]

    def _refuse(value):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    def dumps(value, default=_refuse):
        """A value to JSON text; NaN and infinity are refused."""
        encode = make_encoder({}, default, encode_basestring_ascii, None, ":", ",", False, False, False)
        return "".join(encode(value, 0))

else:

    def loads(text):
        import json

        return json.loads(text)

    def dumps(value, default=None):
        import json

        return json.dumps(value, default=default, allow_nan=False, separators=(",", ":"))


def now_text(when=None):
    """RFC 3339 in UTC with microseconds."""
    when = time.time() if when is None else when
    whole = int(when)
    t = time.gmtime(whole)
    return (f"{t[0]:04}-{t[1]:02}-{t[2]:02}T{t[3]:02}:{t[4]:02}:{t[5]:02}"
            f".{int((when - whole) * 1e6):06}Z")


class Refused(Exception):
    """The supervisor answered with an error."""

    def __init__(self, reply):
        super().__init__(reply.get("error"))
        self.reply = reply
        self.error = reply.get("error")
        self.detail = reply.get("detail")


class Asking:
    """Questions over whatever `ask_raw` goes."""

    def ask(self, message, quiet=False):
        """The reply; raises `Refused` for an error, or gives None if `quiet`."""
        reply = self.ask_raw(message)
        if reply.get("type") == "ErrorResponse":
            if quiet:
                return None
            raise Refused(reply)
        return reply


class Channel(Asking):
    """One connected stream; requests are answered in any order, by id."""

    def __init__(self, fd):
        self.fd = fd
        self.buffer = b""
        self.next_id = 0
        self.lock = RLock()

    def write(self, message):
        data = dumps(message, default=str).encode() + b"\n"
        with self.lock:
            while data:
                try:
                    sent = write(self.fd, data)
                except InterruptedError:
                    continue
                data = data[sent:]

    def read(self):
        """The next message; `EOFError` if the supervisor is gone."""
        while True:
            line, found, rest = self.buffer.partition(b"\n")
            if found:
                self.buffer = rest
                return loads(line.decode())
            chunk = read(self.fd, 1 << 16)
            if not chunk:
                raise EOFError("the supervisor closed the connection")
            self.buffer += chunk

    def ask_raw(self, message):
        """Sends a request and waits for its reply."""
        with self.lock:
            self.next_id += 1
            number = message["id"] = self.next_id
            self.write(message)
            while True:
                reply = self.read()
                if reply.get("id") == number:
                    return reply

    def log(self, level, logger, text, error_detail=None, when=None):
        message = {"type": "Log", "level": level, "logger": logger, "event": text, "timestamp": now_text(when)}
        if error_detail:
            message["error_detail"] = error_detail
        self.write(message)
