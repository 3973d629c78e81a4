"""Templates: own operators and filters, native values, files, what is undefined."""
import json
from datetime import datetime, timedelta

import jinja2
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseOperator, Param, Variable, task

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


class Inner:
    template_fields = ("text",)

    def __init__(self, text):
        self.text = text


class Shows(BaseOperator):
    template_fields = ("text", "things", "inner", "number")
    template_ext = (".txt", ".json")
    template_fields_renderers = {"text": "bash"}

    def __init__(self, text="", things=None, inner=None, number=None, **kwargs):
        super().__init__(**kwargs)
        self.text, self.things, self.inner, self.number = text, things, inner, number

    def execute(self, context):
        return {"text": self.text, "things": self.things, "inner": getattr(self.inner, "text", None), "number": self.number}


with DAG("cx_template_fields", params={"p": 5, "q": Param("q", type="string")},
         user_defined_macros={"hello": lambda who: f"hello {who}", "fixed": 42},
         user_defined_filters={"shout": lambda s: s.upper() + "!"}, **SETTINGS):
    Shows(task_id="everywhere", text="{{ ds }}", things=["{{ run_id }}", ("{{ params.p }}",), {"k": "{{ task.task_id }}"}, 5, None],
          inner=Inner("in {{ ds_nodash }}"), number=3)
    Shows(task_id="own_macros", text="{{ hello('you') }} {{ fixed }} {{ 'x' | shout }}")
    Shows(task_id="filters", text="{{ logical_date | ds }} {{ logical_date | ts_nodash }} {{ logical_date | ts_nodash_with_tz }}")
    Shows(task_id="macros", text="{{ macros.ds_add(ds, 5) }} {{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }} {{ macros.timedelta(days=1) }}"
                                 " {{ macros.json.dumps({'a': 1}) }} {{ (logical_date + macros.timedelta(hours=3)).isoformat() }}")
    Shows(task_id="objects", text="{{ ti.task_id }} {{ ti.try_number }} {{ ti.map_index }} {{ dag.dag_id }} {{ task.owner }} {{ dag_run.run_id }}"
                                  " {{ dag_run.conf }} {{ dag_run.run_type }} {{ run_id }} {{ task_instance_key_str }}")
    Shows(task_id="dates", text="{{ ds }} {{ ts }} {{ ts_nodash }} {{ ts_nodash_with_tz }} {{ data_interval_start }} {{ data_interval_end.isoformat() }}"
                                " {{ logical_date.strftime('%A') }} {{ logical_date.year }} {{ prev_data_interval_start_success }}")
    Shows(task_id="control", text="{% for i in range(3) %}{{ loop.index }},{% endfor %}{% if params.p > 3 %}big{% else %}small{% endif %}"
                                  "{% set x = 5 %}{{ x }}{# gone #}{{ '%05d' % 42 }} {{ [3,1,2]|sort|join('-') }} {{ none }} {{ true }}")
    Shows(task_id="variables", text="{{ var.value.cc_plain }} {{ var.json.cc_json.inner[1] }} {{ var.value.get('cx_no', 'fallback') }}")
    Shows(task_id="connection", text="{{ conn.cc_http.host }}:{{ conn.cc_http.port }} {{ conn.get('cx_no', 'none') }} {{ conn.cc_http.extra_dejson.flag }}")
    Shows(task_id="raw", text="{% raw %}{{ ds }}{% endraw %}")
    Shows(task_id="undefined", text="{{ nothing_here }}")
    Shows(task_id="undefined_attribute", text="{{ dag_run.conf.nothing }}")
    Shows(task_id="undefined_default", text="{{ nothing_here | default('d') }} {{ dag_run.conf.get('x', 'y') }}")
    Shows(task_id="undefined_param", text="{{ params.nothing }}")
    Shows(task_id="undefined_variable", text="{{ var.value.cx_no }}")
    Shows(task_id="undefined_connection", text="{{ conn.cx_no.host }}")
    Shows(task_id="syntax", text="{{ ds ")
    Shows(task_id="private", text="{{ ti.__class__ }}")
    Shows(task_id="divides", text="{{ 1 / 0 }}")
    Shows(task_id="missing_file", text="cx_missing.txt")
    Shows(task_id="not_a_file", text="cx_missing.txt ")
    Shows(task_id="task_params", text="{{ params.p }} {{ params.own }}", params={"own": "mine", "p": 6})
    Shows(task_id="execution_date_gone", text="{{ execution_date }}")
    Shows.partial(task_id="mapped", things="{{ ti.map_index }}").expand(text=["{{ ds }}", "b"])
    Shows(task_id="env_line", text="a\n{{ ds }}\n")
    Shows(task_id="unicode", text="{{ 'ü' }} 日本 {{ ds }}")

with DAG("cx_template_native", render_template_as_native_obj=True, params={"n": 5, "l": [1, 2]}, **SETTINGS):
    Shows(task_id="numbers", text="{{ 5 }}", things=["{{ params.n }}", "{{ params.l }}", "{{ ds }}", "{{ ds_nodash }}", "{{ 1.5 }}"], number="{{ none }}")
    Shows(task_id="objects", text="{{ {'a': 1} }}", things=["{{ [1, 'b'] }}", "{{ (1, 2) | list }}", "{{ true }}", "x{{ 1 }}", "{{ '1' }}"])
    PythonOperator(task_id="types", python_callable=lambda *a: [type(x).__name__ for x in a],
                   op_args=["{{ params.n }}", "{{ params.l }}", "{{ ds }}", "{{ logical_date }}", "{{ dag_run.conf }}", "{{ 'a b' }}", "05"])

    @task
    def gives():
        return {"k": [1, 2]}

    @task
    def kinds(v, w):
        return [type(v).__name__, type(w).__name__, w]

    g = gives()
    kinds(g, "{{ ti.xcom_pull('gives')['k'] }}")

with DAG("cx_template_undefined", template_undefined=jinja2.Undefined, **SETTINGS):
    Shows(task_id="empty", text="[{{ nothing_here }}]")

with DAG("cx_template_search", template_searchpath=["cc_files"], jinja_environment_kwargs={"trim_blocks": True}, **SETTINGS):
    Shows(task_id="trimmed", text="{% if true %}\nline\n{% endif %}\nend")
    BashOperator(task_id="file", bash_command="cc_files/hello.sh", env={"WHO": "{{ ds }}"})

with DAG("cx_no_logical_date", **SETTINGS):

    @task
    def names(**context):
        wanted = ["ds", "ts", "logical_date", "data_interval_start", "data_interval_end", "run_id", "params", "dag_run", "prev_start_date_success"]
        return {n: n in context for n in wanted}

    @task
    def asks(ds=None, logical_date=None):
        return [ds, logical_date]

    names()
    asks()
    BashOperator(task_id="template", bash_command="echo {{ run_id }}")
    BashOperator(task_id="template_ds", bash_command="echo {{ ds }}")
