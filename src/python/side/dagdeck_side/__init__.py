"""What dagdeck runs around a DAG file: parsing it, and running one of its tasks."""
