"""Parsing one DAG file."""
import sys

from . import errors, load


def parse(path, dags_folder, plugins_folder):
    """The JSON document for the DAG processor."""
    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from .protocol import dumps

    state.parsing = True
    load.prepare(dags_folder, plugins_folder)
    dags, problems = [], []
    try:
        module = load.import_file(path)
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt,)):
            raise
        problems.append(errors.diagnostic(error, path))
    else:
        for dag in load.found_dags(module):
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
