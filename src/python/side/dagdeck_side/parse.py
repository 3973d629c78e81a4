"""Parsing one DAG file."""
import sys

from . import errors, load


def manual_interval(path, dags_folder, plugins_folder, dag_id, at):
    """JSON of the data interval that a DAG's own timetable gives a run triggered for `at`."""
    import airflow  # noqa: F401  installs the finder

    from .protocol import dumps

    load.prepare(dags_folder, plugins_folder)
    try:
        dag = next(d for d in load.found_dags(load.import_file(path)) if d.dag_id == dag_id)
        from airflow.standin.timetable_answers import manual

        return dumps(manual(dag, at))
    except StopIteration:
        return f"the file has no DAG {dag_id!r} any more"
    except Exception as error:
        return errors.short(error)


def parse(path, dags_folder, plugins_folder, last_intervals=None):
    """The JSON document for the DAG processor."""
    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from .protocol import dumps

    state.parsing = True
    state.last_intervals = last_intervals or {}
    load.prepare(dags_folder, plugins_folder)
    dags, problems = [], []
    try:
        found = load.found_dags(load.import_file(path))
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt,)):
            raise
        problems.append(errors.diagnostic(error, path))
    else:
        for dag in found:
            try:
                dags.append(encoded(dag))
            except Exception as error:
                problems.append(errors.diagnostic(error, path))
    warnings = [errors.warning(entry) for entry in state.warnings]
    for dag in dags:
        dag["warnings"] = warnings
    sys.stdout.flush()
    return dumps({"dags": dags, "diagnostics": problems + warnings})


def encoded(dag):
    """One DAG, after the checks that need it whole."""
    from airflow.standin.dag_checks import check_whole

    from airflow.standin import state

    from . import encode

    # values may have changed after the constructor; what is wrong with them was said there
    state.parsing = False
    for task in list(dag.task_dict.values()):
        if task.is_mapped:
            task.link()
        else:
            for name in task.template_fields:
                value = task.__dict__.get(name)
                if value is not None and type(value) is not str:
                    task.link_values(value)
    state.parsing = True
    check_whole(dag)
    if dag.user_defined_macros or dag.user_defined_filters:
        try:
            import jinja2  # noqa: F401
        except ImportError:
            state.warnings.append((dag.fileloc, dag.line, "user_defined_macros and user_defined_filters need jinja2",
                                   f"install jinja2 for {sys.executable}"))
    return encode.dag(dag)
