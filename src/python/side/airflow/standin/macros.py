"""`macros` of templates and `airflow.sdk.macros`."""


def _module(name):
    return __import__(name)


def ds_add(ds, days):
    """A date text plus days."""
    import datetime as dt

    if not days:
        return str(ds)
    return (dt.datetime.strptime(str(ds), "%Y-%m-%d") + dt.timedelta(days)).strftime("%Y-%m-%d")


def ds_format(ds, input_format, output_format):
    """A date text in another form."""
    import datetime as dt

    return dt.datetime.strptime(str(ds), input_format).strftime(output_format)


def ds_format_locale(ds, input_format, output_format, locale=None):
    return ds_format(ds, input_format, output_format)


def datetime_diff_for_humans(dt, since=None):
    """`2 days ago`."""
    import pendulum

    return pendulum.instance(dt).diff_for_humans(pendulum.instance(since) if since else None)


def random():
    import random as source

    return source.random()


def __getattr__(name):
    if name in ("datetime", "timedelta"):
        import datetime as dt

        return getattr(dt, name)
    if name in ("json", "time", "uuid", "dateutil", "yaml"):
        return _module(name)
    raise AttributeError(f"module 'macros' has no attribute {name!r}")
