"""`EmptyOperator`."""
from .operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing."""

    __module__ = "airflow.providers.standard.operators.empty"
    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context):
        pass
