"""`FileTransferOperator`: copies a file between stores."""
from .operator import BaseOperator


class FileTransferOperator(BaseOperator):
    """Copies `src` to `dst`; a file that is there stays unless `overwrite`."""

    __module__ = "airflow.providers.common.io.operators.file_transfer"
    template_fields = ("src", "dst", "source_conn_id")

    def __init__(self, *, src, dst, source_conn_id=None, dest_conn_id=None, overwrite=False, **kwargs):
        super().__init__(**kwargs)
        self.src, self.dst, self.source_conn_id = src, dst, source_conn_id
        self.dst_conn_id, self.overwrite = dest_conn_id, overwrite

    def execute(self, context):
        source, target = self._path(self.src, self.source_conn_id), self._path(self.dst, self.dst_conn_id)
        if not self.overwrite and target.exists() and target.is_file():
            raise ValueError(f"Destination {target} already exists")
        source.copy(target)

    @staticmethod
    def _path(given, conn_id):
        from .objectstore import ObjectStoragePath

        return ObjectStoragePath(given, conn_id=conn_id) if isinstance(given, str) else given
