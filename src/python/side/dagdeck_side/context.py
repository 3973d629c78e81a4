"""The template context, made value by value when asked for."""
import sys

from airflow.standin import state

LAZY = object()


def moment(text):
    """A pendulum DateTime of an RFC 3339 text."""
    if text is None or not isinstance(text, str):
        return text
    import datetime as dt

    import pendulum

    if len(text) > 20 and text[19] == "." and text[-1] == "Z":
        text = text[:19] + (text[19:-1] + "000000")[:7] + "Z"
    return pendulum.instance(dt.datetime.fromisoformat(text.replace("Z", "+00:00")))


class DagRun:
    """`dag_run` of the context; dates become DateTime when asked for."""

    __module__ = "airflow.sdk.api.datamodels._generated"
    _dates = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date",
              "queued_at", "partition_date")

    def __init__(self, given):
        self._given = given
        self.conf = given.get("conf") if given.get("conf") is not None else {}

    def __getattr__(self, name):
        if name == "run_type":
            from airflow.standin.enums import DagRunType

            given = self._given.get("run_type") or "manual"
            self.run_type = DagRunType._by_value.get(given, given)
            return self.run_type
        if name[:1] == "_" or name not in self._given:
            if name in ("clear_number", "note", "state", "triggered_by", *DagRun._dates):
                return None
            if name == "external_trigger":
                return self.run_type == "manual"
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = self._given[name]
        if name in DagRun._dates:
            value = moment(value)
        elif name == "triggered_by" and value:
            from airflow.standin.enums import DagRunTriggeredByType

            value = DagRunTriggeredByType._by_value.get(value, value)
        self.__dict__[name] = value
        return value

    def get_task_instance(self, task_id, map_index=-1):
        from airflow.standin.current import OtherTaskInstance

        return OtherTaskInstance(self.dag_id, self.run_id, task_id, map_index)

    def get_task_instances(self, state=None):
        from airflow.standin.current import task_instances

        return task_instances(self.dag_id, self.run_id, state)

    def get_state(self):
        return self.state

    def __repr__(self):
        return f"<DagRun {self.dag_id} @ {self._given.get('logical_date')}: {self.run_id}>"


class Context(dict):
    """A dict whose values are made on first use."""

    def __init__(self, makers, ready):
        super().__init__(ready)
        self._makers = makers
        for name in makers:
            dict.__setitem__(self, name, LAZY)

    def __getitem__(self, key):
        value = dict.__getitem__(self, key)
        if value is LAZY:
            value = self._makers[key]()
            dict.__setitem__(self, key, value)
        return value

    def __iter__(self):
        return dict.__iter__(self)

    def get(self, key, default=None):
        return self[key] if key in self else default

    def items(self):
        return [(k, self[k]) for k in list(dict.keys(self))]

    def values(self):
        return [self[k] for k in list(dict.keys(self))]

    def pop(self, key, *default):
        if key in self:
            value = self[key]
            dict.__delitem__(self, key)
            return value
        return dict.pop(self, key, *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def copy(self):
        return {k: self[k] for k in self}

    __copy__ = copy

    def __reduce__(self):
        return (dict, (self.copy(),))


class Proxy:
    """A value that is asked for when it is used."""

    def __init__(self, get):
        object.__setattr__(self, "_get", get)

    def _value(self):
        if "_got" not in self.__dict__:
            self.__dict__["_got"] = self._get()
        return self.__dict__["_got"]

    def __getattr__(self, name):
        return getattr(self._value(), name)

    def __str__(self):
        return str(self._value())

    def __repr__(self):
        return repr(self._value())

    def __bool__(self):
        return bool(self._value())

    def __eq__(self, other):
        return self._value() == (other._value() if isinstance(other, Proxy) else other)

    def __hash__(self):
        return hash(self._value())

    def __lt__(self, other):
        return self._value() < other

    def __gt__(self, other):
        return self._value() > other

    def __le__(self, other):
        return self._value() <= other

    def __ge__(self, other):
        return self._value() >= other

    def __sub__(self, other):
        return self._value() - other

    def __rsub__(self, other):
        return other - self._value()

    def __add__(self, other):
        return self._value() + other

    def __format__(self, spec):
        return format(self._value(), spec)


def previous(run, name, ok="success"):
    """A date of the previous successful run."""

    def get():
        reply = state.channel.ask({"type": "GetPreviousDagRun", "dag_id": run.dag_id,
                                   "logical_date": run._given.get("logical_date") or run._given.get("run_after"),
                                   "state": ok}, quiet=True)
        found = (reply or {}).get("dag_run")
        return moment(found.get(name)) if found else None

    return get


def iso(text):
    """`isoformat()` of an RFC 3339 text."""
    return text[:-1] + "+00:00" if text.endswith("Z") else text


def params_of(dag, task, conf):
    """Params: the DAG's, the task's, the run's configuration."""
    values = {}
    for source in (dag.params, getattr(task, "params", None)):
        for key in source or ():
            item = dict.__getitem__(source, key) if type(source).__name__ == "ParamsDict" else source[key]
            if hasattr(item, "resolve") and hasattr(item, "schema"):
                item = item.resolve(suppress_exception=True)
            values[key] = item
    if conf and isinstance(conf, dict) and state.settings.get("dag_run_conf_overrides_params", True):
        values.update(conf)
    return values


def accessor(name, *args):
    def make():
        from airflow.standin import accessors

        return getattr(accessors, name)(*args)

    return make


def asset_accessor(file, name, *args):
    def make():
        full = "airflow.standin." + file
        __import__(full)
        return getattr(sys.modules[full], name)(*args)

    return make


def state_store():
    from airflow.standin.state_store import TaskStateStoreAccessor

    return TaskStateStoreAccessor()


def make_context(dag, task, ti, run):
    """The context of one try."""
    given = run._given
    ready = {
        "dag": dag, "dag_run": run, "inlets": task.inlets or [], "outlets": task.outlets or [],
        "map_index_template": getattr(task, "map_index_template", None), "partition_key": given.get("partition_key"), "run_id": run.run_id, "task": task, "task_instance": ti, "ti": ti,
        "task_reschedule_count": ti.task_reschedule_count, "templates_dict": None,
    }
    for name in ("inlets", "outlets"):
        ready[name] = list(ready[name]) if isinstance(ready[name], (list, tuple)) else [ready[name]]
    lazy = {
        "conn": accessor("ConnectionAccessor"), "var": accessor("variables"), "macros": accessor("MacrosAccessor"),
        "inlet_events": asset_accessor("asset_events", "InletEventsAccessors", ready["inlets"]),
        "outlet_events": asset_accessor("asset_events", "OutletEventAccessors"),
        "task_state_store": state_store,
        "triggering_asset_events": asset_accessor("asset_events", "TriggeringAssetEventsAccessor",
                                                  given.get("consumed_asset_events")),
        "partition_date": lambda: moment(given.get("partition_date")),
        "params": lambda: params_of(dag, task, run.conf),
        "prev_start_date_success": lambda: Proxy(previous(run, "start_date")),
        "prev_end_date_success": lambda: Proxy(previous(run, "end_date")),
    }
    logical = given.get("logical_date")
    if logical:
        digits = logical[:19].replace("-", "").replace(":", "")
        ready["ds"], ready["ds_nodash"] = logical[:10], logical[:10].replace("-", "")
        ready["ts"], ready["ts_nodash"] = iso(logical), digits
        ready["ts_nodash_with_tz"] = digits + "+0000"
        ready["task_instance_key_str"] = f"{dag.dag_id}__{task.task_id}__{ready['ds_nodash']}"
        lazy["logical_date"] = lambda: run.logical_date
        lazy["data_interval_start"] = lambda: run.data_interval_start
        lazy["data_interval_end"] = lambda: run.data_interval_end
        for end in ("start", "end"):
            lazy[f"prev_data_interval_{end}_success"] = \
                lambda end=end: Proxy(previous(run, f"data_interval_{end}"))
    else:
        ready["task_instance_key_str"] = f"{dag.dag_id}__{task.task_id}__{run.run_id}"
    if any(hasattr(one, "as_expression") for one in (*ready["inlets"], *ready["outlets"])):
        lazy["asset_state_store"] = asset_accessor("asset_state", "AssetStateStoreAccessors", ready["inlets"],
                                                   ready["outlets"])
    return Context(lazy, ready)


def consume_metadata(generator, context):
    """A generator task yields metadata of its outlets; what it returns at the end is its value."""
    while True:
        try:
            item = next(generator)
        except StopIteration as end:
            return end.value
        if type(item).__name__ != "Metadata" or not hasattr(item, "asset"):
            state.channel.log("warning", "task", f"Ignoring unknown type received from task: {type(item).__name__}")
            continue
        events = context["outlet_events"]
        events[item.asset].extra.update(item.extra)
        if item.alias:
            events[item.alias].add(item.asset, extra=item.extra)
