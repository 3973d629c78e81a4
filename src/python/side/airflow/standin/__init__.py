"""The classes behind dagdeck's `airflow`: loaded one module at a time, when a DAG file asks for a name."""
