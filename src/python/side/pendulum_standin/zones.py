"""Time zones with pendulum's names and reprs."""
import datetime as _dt

_ZERO = _dt.timedelta(0)


class _Utc(_dt.tzinfo):
    name = key = "UTC"

    def utcoffset(self, when):
        return _ZERO

    dst = utcoffset

    def tzname(self, when):
        return "UTC"

    def fromutc(self, when):
        return when

    def __repr__(self):
        return "Timezone('UTC')"

    def __str__(self):
        return "UTC"

    def __eq__(self, other):
        return other is self or isinstance(other, _Utc) or getattr(other, "key", None) == "UTC"

    def __hash__(self):
        return hash("UTC")

    def __reduce__(self):
        return (timezone, ("UTC",))


_Utc.__name__ = _Utc.__qualname__ = "Timezone"
UTC = _Utc()


class FixedTimezone(_dt.tzinfo):
    """A fixed offset in seconds."""

    def __init__(self, offset, name=None):
        self.offset = offset
        sign, rest = ("-", -offset) if offset < 0 else ("+", offset)
        self.name = name or f"{sign}{rest // 3600:02}:{rest // 60 % 60:02}"
        self._delta = _dt.timedelta(seconds=offset)

    def utcoffset(self, when):
        return self._delta

    def dst(self, when):
        return _ZERO

    def tzname(self, when):
        return self.name

    def fromutc(self, when):
        return when + self._delta

    def __repr__(self):
        return f"FixedTimezone({self.offset}, name=\"{self.name}\")"

    def __eq__(self, other):
        return isinstance(other, FixedTimezone) and self.offset == other.offset

    def __hash__(self):
        return hash(self.offset)

    def __reduce__(self):
        return (FixedTimezone, (self.offset,))


_made = {}


def timezone(name):
    """The zone of an IANA name, or of an offset in seconds."""
    if isinstance(name, int):
        return FixedTimezone(name)
    if name.upper() == "UTC" or name == "local":
        return UTC
    if name[:1] in "+-" and len(name) >= 3:
        sign = -1 if name[0] == "-" else 1
        digits = name[1:].replace(":", "")
        return FixedTimezone(sign * (int(digits[:2]) * 3600 + int(digits[2:4] or 0) * 60))
    if name not in _made:
        import zoneinfo

        class Timezone(zoneinfo.ZoneInfo):
            @property
            def name(self):
                return self.key

            def __repr__(self):
                return f"Timezone('{self.key}')"

            def __reduce__(self):
                return (timezone, (self.key,))

        try:
            _made[name] = Timezone(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise InvalidTimezone(f'Invalid timezone "{name}"') from None
    return _made[name]


class InvalidTimezone(ValueError):
    pass


def Timezone(name):  # noqa: N802  pendulum's name
    return timezone(name)
