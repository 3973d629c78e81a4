"""The plugins folder: `AirflowPlugin` classes are looked for when something of them is wanted."""
import os
import sys

from airflow.standin import state

_found = None


def files(folder):
    """Python files below a folder, in order."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f[:1] != "." and f != "__pycache__")
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(place, name)


def plugins():
    """The plugin classes of the plugins folder; a file that can't be imported is told in the log and left out."""
    global _found
    if _found is None:
        import importlib.util

        from airflow.standin.compat import AirflowPlugin

        _found = []
        for path in files(state.plugins_folder) if state.plugins_folder else ():
            try:
                with open(path, "rb") as file:
                    if b"AirflowPlugin" not in file.read():
                        continue
                name = "airflow_plugin_" + os.path.relpath(path, state.plugins_folder)[:-3].replace(os.sep, "_")
                spec = importlib.util.spec_from_file_location(name, path)
                module = sys.modules[name] = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
            except Exception as error:
                sys.stderr.write(f"plugin {path}: {type(error).__name__}: {error}\n")
                continue
            _found += [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, AirflowPlugin)
                       and v is not AirflowPlugin and v.name]
    return _found


def macros(name):
    """`macros.NAME` of the plugin with that name, or None."""
    for plugin in plugins():
        if plugin.name == name and plugin.macros:
            import types

            module = types.ModuleType("airflow.sdk.execution_time.macros." + name)
            for one in plugin.macros:
                setattr(module, getattr(one, "__name__", str(one)), one)
            return module
    return None


def policy(name):
    """A cluster policy of `airflow_local_settings.py` beside the DAGs or plugins; None if there is none."""
    if not any(f and os.path.isfile(f"{f}/airflow_local_settings.py") for f in (state.dags_folder, state.plugins_folder)):
        return None
    import airflow_local_settings

    return getattr(airflow_local_settings, name, None)


def apply_policies(dags):
    """The DAGs that the policies leave, changed as they want it; what a policy raises refuses a DAG."""
    of_dag, of_task = policy("dag_policy"), policy("task_policy")
    if of_dag is None and of_task is None:
        return dags
    from airflow.standin.exceptions import AirflowClusterPolicySkipDag

    left = []
    for dag in dags:
        try:
            for task in dag.tasks if of_task is not None else ():
                of_task(task)
            if of_dag is not None:
                of_dag(dag)
        except AirflowClusterPolicySkipDag:
            continue
        left.append(dag)
    return left
