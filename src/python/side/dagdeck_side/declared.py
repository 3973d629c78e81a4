"""A task that a TOML file declares and Python runs: the same operator as in a Python file, made from its arguments."""


def find_declared(start):
    """The DAG and task; what is above and below it is there by name only."""
    from airflow.sdk import DAG

    from . import load

    load.prepare(start.get("dags_folder"), start.get("plugins_folder"))
    spec = start["task"]
    dag = DAG(dag_id=start["ti"]["dag_id"], schedule=None, params=start.get("declared_params") or {})
    dag.fileloc = start["fileloc"]
    above = {}
    args = {name: decode(value, dag, above) for name, value in spec.get("args", {}).items()}
    if "python_callable" in args:
        args["python_callable"] = function(args["python_callable"])
    if isinstance(args.get("params"), dict):
        args["params"] = {name: param(given) for name, given in args["params"].items()}
    common = {
        "task_id": spec["task_id"], "dag": dag, "do_xcom_push": spec.get("do_xcom_push", True),
        "retries": spec.get("retries", 0),
    }
    if spec.get("map_index_template"):
        common["map_index_template"] = spec["map_index_template"]
    for name in ("outlets", "inlets"):
        if spec.get(name):
            common[name] = [asset(one) for one in spec[name]]
    if spec.get("execution_timeout"):
        from datetime import timedelta

        common["execution_timeout"] = timedelta(seconds=spec["execution_timeout"])
    made = make(spec, args, common, dag, above)
    link_below(start.get("declared_tasks") or {}, dag, above)
    return dag, made


def link_below(tasks, dag, above):
    """Where a task skips what is below it: the DAG's other tasks, and the arrows between all."""
    if not tasks:
        return
    from airflow.providers.standard.operators.empty import EmptyOperator

    for task_id in tasks:
        if task_id not in dag.task_dict:
            above[task_id] = EmptyOperator(task_id=task_id, dag=dag)
    for task_id, (below, is_teardown) in tasks.items():
        if is_teardown and task_id in above:
            above[task_id].is_teardown = True
        for other in below:
            if other not in dag.task_dict[task_id].downstream_task_ids:
                dag.task_dict[task_id] >> dag.task_dict[other]


def param(given):
    """A field of a form: a value, or a table with `default` and JSON schema keys."""
    from airflow.sdk import Param

    if not isinstance(given, dict):
        return Param(given)
    schema = dict(given)
    value = {"default": schema.pop(key) for key in ("default", "value") if key in schema}
    return Param(**value, description=schema.pop("description", None), **schema)


def make(spec, args, common, dag, above):
    """The operator, mapped if the file says so."""
    from importlib import import_module

    operator = getattr(import_module(spec["module"]), spec["operator"])
    expand = spec.get("expand")
    if not expand:
        return operator(**args, **common)
    partial = operator.partial(**args, **common)
    if expand["kind"] == "expand":
        return partial.expand(**{name: decode(value, dag, above) for name, value in expand["args"].items()})
    return partial.expand_kwargs(decode(expand["value"], dag, above))


def asset(encoded):
    """An asset, alias or reference."""
    from airflow.sdk import Asset, AssetAlias

    for kind, make in (("asset", Asset), ("alias", AssetAlias), ("asset_ref", Asset.ref)):
        if kind in encoded:
            return make(**{name: value for name, value in encoded[kind].items() if name != "watchers"})
    raise ValueError(f"{encoded!r} is not an asset")


def function(encoded):
    """The function that `package.module:name` (or `package.module.name`) says."""
    from importlib import import_module

    name = encoded.get("name", "") if isinstance(encoded, dict) else str(encoded or "")
    module, colon, attribute = name.partition(":")
    if not colon:
        module, _, attribute = name.rpartition(".")
    if not module or not attribute:
        raise ImportError(f"callable {name!r} is not of the form package.module:function")
    found = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def decode(value, dag, above):
    """Arguments as they stand in the DAG version, as Python objects."""
    if isinstance(value, list):
        return [decode(item, dag, above) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__dagdeck__")
    if kind is None:
        return {name: decode(item, dag, above) for name, item in value.items()}
    if kind == "xcom":
        task_id = value["task_id"]
        if task_id not in above:
            from airflow.providers.standard.operators.empty import EmptyOperator

            above[task_id] = EmptyOperator(task_id=task_id, dag=dag)
        key = value.get("key", "return_value")
        output = above[task_id].output
        return output if key == "return_value" else output[key]
    if kind == "tuple":
        return tuple(decode(item, dag, above) for item in value["value"])
    if kind == "set":
        return set(decode(item, dag, above) for item in value["value"])
    if kind == "timedelta":
        from datetime import timedelta

        return timedelta(seconds=value["value"])
    if kind == "datetime":
        from datetime import datetime

        return datetime.fromisoformat(value["value"].replace("Z", "+00:00"))
    return value
