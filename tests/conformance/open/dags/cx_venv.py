"""Functions that run in another interpreter."""
import sys
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import (
    BranchExternalPythonOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)
from airflow.sdk import DAG, task

START = datetime(2026, 1, 1)


def adds(a, b=0, **kwargs):
    import sys

    return {"sum": a + b, "has_context": sorted(k for k in kwargs if k in ("ds", "run_id")), "major": sys.version_info[0]}


def named(ds):
    return ds


with DAG("cx_venv", schedule=None, start_date=START, catchup=False):
    ExternalPythonOperator(task_id="external", python=sys.executable, python_callable=adds, op_args=[1], op_kwargs={"b": 2})
    ExternalPythonOperator(task_id="external_context", python=sys.executable, python_callable=named)

    def quits(code):
        import sys

        sys.exit(code)

    ExternalPythonOperator(task_id="skips", python=sys.executable, python_callable=quits, op_args=[7], skip_on_exit_code=7)
    ExternalPythonOperator(task_id="fails", python=sys.executable, python_callable=quits, op_args=[8], skip_on_exit_code=7)

    def raises():
        raise ValueError("inside")

    ExternalPythonOperator(task_id="raises", python=sys.executable, python_callable=raises)
    ExternalPythonOperator(task_id="no_python", python="/no/such/python", python_callable=raises)

    @task.external_python(python=sys.executable)
    def decorated(x, y):
        return [x, y]

    @task.external_python(python=sys.executable, multiple_outputs=True)
    def two():
        return {"x": 1, "y": (2, 3)}

    t = two()
    decorated(t["x"], "{{ ds }}")

    def chooses():
        return "left"

    BranchExternalPythonOperator(task_id="branch", python=sys.executable, python_callable=chooses) >> [
        EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]
    PythonVirtualenvOperator(task_id="plain_venv", python_callable=adds, op_args=[1], requirements=[], system_site_packages=False)

    @task.virtualenv(system_site_packages=False)
    def decorated_venv(n):
        return n * 2

    decorated_venv(4)
