"""`XComObjectStorageBackend`: large XComs are files in a store, and the database keeps their path."""
import json

from .compat import XCom
from .configuration import conf

SECTION = "common.io"
SUFFIXES = {"gzip": "gz", "bz2": "bz2", "xz": "xz", "lzma": "lzma", "zip": "zip"}
"""Compressions of the standard library, and how the names of their files end."""


def base_path():
    """`[common.io] xcom_objectstorage_path`."""
    from .exceptions import AirflowConfigException
    from .objectstore import ObjectStoragePath

    given = conf.get(SECTION, "xcom_objectstorage_path", fallback="")
    if not given:
        raise AirflowConfigException(
            f"section/key [{SECTION}/xcom_objectstorage_path] not found in config: it names the folder of the XComs, "
            "like file:///var/lib/xcoms")
    return ObjectStoragePath(given)


def compression():
    """`[common.io] xcom_objectstorage_compression`, None for none; ValueError for an unknown one."""
    name = conf.get(SECTION, "xcom_objectstorage_compression", fallback="") or None
    if name is not None and name not in SUFFIXES:
        raise ValueError(f"Compression {name} is not supported: [{SECTION}] xcom_objectstorage_compression is one of "
                         + ", ".join(SUFFIXES))
    return name


def packed(data, name):
    """Bytes in a compressed form."""
    if name == "zip":
        import io
        import zipfile

        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("file", data)
        return out.getvalue()
    return data if name is None else _module(name).compress(data)


def unpacked(data, suffix):
    """Bytes of a file whose name ends so."""
    name = next((name for name, ending in SUFFIXES.items() if ending == suffix), None)
    if name == "zip":
        import io
        import zipfile

        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(archive.namelist()[0])
    return data if name is None else _module(name).decompress(data)


def _module(name):
    return __import__("lzma" if name in ("xz", "lzma") else name)


class XComObjectStorageBackend(XCom):
    """Values whose JSON has `xcom_objectstorage_threshold` bytes or more are files; with -1 none is."""

    __module__ = "airflow.providers.common.io.xcom.backend"

    @staticmethod
    def _get_full_path(data):
        """The path of a stored value; ValueError or TypeError if it is none below the base."""
        from .objectstore import ObjectStoragePath

        if not isinstance(data, str):
            raise TypeError(f"Not a valid url: {data}")
        base = str(base_path()).rstrip("/") + "/"
        if not data.startswith(base) or ".." in data[len(base):].split("/"):
            raise ValueError(f"Invalid key: {data}")
        return ObjectStoragePath(data)

    @staticmethod
    def serialize_value(value, *, key=None, task_id=None, dag_id=None, run_id=None, map_index=None):
        import uuid

        form = XCom.serialize_value(value)
        data = json.dumps(form).encode()
        threshold = conf.getint(SECTION, "xcom_objectstorage_threshold", fallback=-1)
        if threshold < 0 or len(data) < threshold:
            return form
        name = compression()
        suffix = f".{SUFFIXES[name]}" if name else ""
        path = base_path().joinpath(dag_id or "NO_DAG_ID", run_id or "NO_RUN_ID", task_id or "NO_TASK_ID",
                                    f"{uuid.uuid4()}{suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(data, name))
        return str(path)

    @staticmethod
    def deserialize_value(result):
        form = getattr(result, "value", result)
        try:
            path = XComObjectStorageBackend._get_full_path(form)
            data = unpacked(path.read_bytes(), path.suffix[1:])
        except (TypeError, ValueError, FileNotFoundError):
            return XCom.deserialize_value(form)
        return XCom.deserialize_value(json.loads(data))

    @staticmethod
    def purge(xcom, *args):
        try:
            XComObjectStorageBackend._get_full_path(xcom.value).unlink(missing_ok=True)
        except (TypeError, ValueError):
            pass  # the value itself is in the database
