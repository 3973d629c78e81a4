//! The DAG files that are measured: one file each, since a Python task imports its whole file.

/// What every file begins with.
pub const HEAD: &str = r#"
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, chain


def dag(name):
    return DAG(dag_id=name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, max_active_tasks=16)


def bash(count):
    return [BashOperator(task_id=f"t{i:04d}", bash_command="true") for i in range(count)]

"#;

/// Name and text.
pub const FILES: [(&str, &str); 4] = [
    (
        "chains.py",
        r#"
for count in (200, 1000):
    with dag(f"chain_{count}"):
        chain(*bash(count))
"#,
    ),
    (
        "wide.py",
        r#"
for count in (200, 1000):
    with dag(f"wide_{count}"):
        bash(count)
"#,
    ),
    (
        "tiny.py",
        r#"
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def small():
    return fib(10)


with dag("python_40"):
    chain(*[PythonOperator(task_id=f"t{i:04d}", python_callable=small) for i in range(40)])
"#,
    ),
    (
        "one.py",
        r#"
with dag("one_task"):
    BashOperator(task_id="only", bash_command="true")
"#,
    ),
];
