"""Check of cron expressions at parse time; when they fire is computed elsewhere."""
PRESETS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, MONTHS), (0, 7, DAYS), (0, 59, ()), (1970, 2099, ()))


def _fail(text, why):
    from .exceptions import AirflowTimetableInvalid

    raise AirflowTimetableInvalid(f"[{text}] is not acceptable, {why}" if why == "out of range" else why)


def _number(text, item, low, high, names):
    if item.lower() in names:
        return names.index(item.lower()) + (1 if names is MONTHS else 0)
    if not item.isdigit():
        _fail(text, f"[{text}] is not acceptable, invalid value {item!r}")
    value = int(item)
    if not low <= value <= high:
        _fail(text, "out of range")
    return value


def check_cron(text):
    """Raises `AirflowTimetableInvalid` for what can't be a cron expression."""
    if not isinstance(text, str):
        _fail(text, f"cron expression must be a string, not {type(text).__name__}")
    if text in PRESETS:
        return
    fields = text.split()
    if len(fields) not in (5, 6, 7):
        _fail(text, "Exactly 5, 6 or 7 columns has to be specified for iterator expression.")
    for number, (field, (low, high, names)) in enumerate(zip(fields, FIELDS)):
        for part in field.split(","):
            _check_part(text, part, number, low, high, names)


def _check_part(text, part, number, low, high, names):
    body, slash, step = part.partition("/")
    if slash and (not step.isdigit() or int(step) == 0):
        _fail(text, f"[{text}] is not acceptable, step {step!r}")
    if body in ("*", "?"):
        return
    if number == 2 and body.lower() in ("l", "lw"):
        return
    if number == 2 and body[-1:].lower() == "w":
        body = body[:-1]
    if number == 4:
        if body[:1].lower() == "l" and body[1:]:
            body = body[1:]
        if "#" in body:
            body, _, nth = body.partition("#")
            if not nth.isdigit() or not 1 <= int(nth) <= 5:
                _fail(text, "out of range")
    first, dash, last = body.partition("-")
    _number(text, first, low, high, names)
    if dash:
        _number(text, last, low, high, names)
