"""`ObjectStoragePath`: local files; other stores through fsspec where that is installed."""
import os
import pathlib


def _split(text):
    scheme, found, rest = text.partition("://")
    return (scheme, rest) if found else ("file", text)


def has_fs(scheme):
    """True if paths of this scheme can be used."""
    if scheme in ("", "file", "local"):
        return True
    try:
        import fsspec

        return scheme in fsspec.available_protocols()
    except ImportError:
        return False


def get_fs(scheme, conn_id=None, storage_options=None):
    """fsspec's file system of a scheme."""
    try:
        import fsspec
    except ImportError:
        raise ImportError(f"ObjectStoragePath for {scheme}:// needs the package fsspec (and that of the store); "
                          "file:// needs nothing") from None
    return fsspec.filesystem("file" if scheme in ("", "local") else scheme, **(storage_options or {}))


_attached = {}


def attach(protocol=None, conn_id=None, alias=None, encryption_type=None, fs=None):
    """Makes a file system known under a name."""
    _attached[alias or protocol] = fs if fs is not None else get_fs(protocol, conn_id)
    return _attached[alias or protocol]


class ObjectStoragePath:
    """A path in a store, with pathlib's methods."""

    __module__ = "airflow.sdk.io.path"
    __version__ = 1

    def __init__(self, path=".", *more, protocol=None, conn_id=None, **storage_options):
        text = os.fspath(path) if hasattr(path, "__fspath__") else str(path)
        scheme, rest = _split(text)
        self.protocol = protocol or scheme
        if conn_id is None and "@" in rest.partition("/")[0]:
            conn_id, _, rest = rest.partition("@")
        self.conn_id, self.storage_options = conn_id, storage_options
        self._text = "/".join([rest, *map(str, more)]) if more else rest
        if not has_fs(self.protocol) and self.protocol not in _attached:
            get_fs(self.protocol)
        if self.is_local:
            self._path = pathlib.Path(self._text)
            self._text = str(self._path)

    @property
    def is_local(self):
        return self.protocol in ("file", "local", "")

    def _same(self, text):
        return type(self)(str(text), protocol=self.protocol, conn_id=self.conn_id, **self.storage_options)

    @property
    def fs(self):
        return _attached.get(self.protocol) or get_fs(self.protocol, self.conn_id, self.storage_options)

    @property
    def path(self):
        return self._text

    name = property(lambda self: self._text.rstrip("/").rpartition("/")[2])
    stem = property(lambda self: pathlib.PurePosixPath(self._text).stem)
    suffix = property(lambda self: pathlib.PurePosixPath(self._text).suffix)
    suffixes = property(lambda self: pathlib.PurePosixPath(self._text).suffixes)
    parts = property(lambda self: pathlib.PurePosixPath(self._text).parts)
    parent = property(lambda self: self._same(pathlib.PurePosixPath(self._text).parent))
    bucket = container = property(lambda self: "" if self.is_local else self._text.lstrip("/").partition("/")[0])
    key = property(lambda self: self._text if self.is_local else self._text.lstrip("/").partition("/")[2])
    namespace = property(lambda self: f"{self.protocol}://{self.bucket}" if self.bucket else self.protocol)

    def __truediv__(self, other):
        return self.joinpath(other)

    def joinpath(self, *others):
        return self._same("/".join([self._text.rstrip("/"), *(str(o).strip("/") for o in others)]))

    def with_name(self, name):
        return self.parent / name

    def with_suffix(self, suffix):
        return self._same(pathlib.PurePosixPath(self._text).with_suffix(suffix))

    def with_stem(self, stem):
        return self.parent / (stem + self.suffix)

    @property
    def parents(self):
        return [self._same(one) for one in pathlib.PurePosixPath(self._text).parents]

    def as_posix(self):
        return self._text

    def match(self, pattern):
        return pathlib.PurePosixPath(self._text).match(pattern)

    def is_absolute(self):
        return True

    def absolute(self):
        return self._same(os.path.abspath(self._text)) if self.is_local else self

    def resolve(self, strict=False):
        return self._same(self._path.resolve(strict)) if self.is_local else self

    def expanduser(self):
        return self._same(self._path.expanduser()) if self.is_local else self

    def is_relative_to(self, other):
        other = other if isinstance(other, ObjectStoragePath) else type(self)(other)
        return self.samestore(other) and (self._text + "/").startswith(other._text.rstrip("/") + "/")

    def walk(self):
        """(folder, names of folders, names of files) of it and all below."""
        below = sorted(self.iterdir(), key=str)
        folders = [one for one in below if one.is_dir()]
        yield self, [one.name for one in folders], [one.name for one in below if one not in folders]
        for one in folders:
            yield from one.walk()

    def checksum(self):
        """A number that changes with the file."""
        if not self.is_local:
            return self.fs.checksum(self._text)
        found = self._path.stat()
        return hash((self._text, found.st_size, found.st_mtime_ns))

    def relative_to(self, other):
        return pathlib.PurePosixPath(self._text).relative_to(getattr(other, "_text", str(other)))

    def open(self, mode="r", **kwargs):
        return self._path.open(mode, **kwargs) if self.is_local else self.fs.open(self._text, mode, **kwargs)

    def read_text(self, encoding=None):
        with self.open("r", encoding=encoding) as file:
            return file.read()

    def read_bytes(self):
        with self.open("rb") as file:
            return file.read()

    def write_text(self, data, encoding=None):
        with self.open("w", encoding=encoding) as file:
            return file.write(data)

    def write_bytes(self, data):
        with self.open("wb") as file:
            return file.write(data)

    def exists(self):
        return self._path.exists() if self.is_local else self.fs.exists(self._text)

    def is_dir(self):
        return self._path.is_dir() if self.is_local else self.fs.isdir(self._text)

    def is_file(self):
        return self._path.is_file() if self.is_local else self.fs.isfile(self._text)

    def mkdir(self, mode=0o777, parents=False, exist_ok=False):
        if self.is_local:
            self._path.mkdir(mode, parents, exist_ok)
        else:
            self.fs.makedirs(self._text, exist_ok=exist_ok)

    def touch(self, exist_ok=True):
        self._path.touch(exist_ok=exist_ok) if self.is_local else self.fs.touch(self._text)

    def iterdir(self):
        names = os.listdir(self._text) if self.is_local else [p["name"].rstrip("/").rpartition("/")[2]
                                                              for p in self.fs.ls(self._text, detail=True)]
        return (self / name for name in names)

    def glob(self, pattern):
        found = self._path.glob(pattern) if self.is_local else self.fs.glob(self._text.rstrip("/") + "/" + pattern)
        return (self._same(one) for one in found)

    def rglob(self, pattern):
        return self.glob("**/" + pattern)

    def stat(self):
        return self._path.stat() if self.is_local else self.fs.info(self._text)

    def size(self):
        return self._path.stat().st_size if self.is_local else self.fs.size(self._text)

    def unlink(self, missing_ok=False):
        if self.is_local:
            self._path.unlink(missing_ok=missing_ok)
        elif not missing_ok or self.exists():
            self.fs.rm_file(self._text)

    def rmdir(self, recursive=True):
        import shutil

        if not self.is_local:
            self.fs.rm(self._text, recursive=recursive)
        elif recursive:
            shutil.rmtree(self._text)
        else:
            self._path.rmdir()

    def copy(self, dst, recursive=False, **kwargs):
        """Copies a file, or with `recursive` a folder, also into another store."""
        dst = dst if isinstance(dst, ObjectStoragePath) else type(self)(dst)
        if self.is_dir():
            if not recursive:
                raise IsADirectoryError(f"{self} is a folder: copy it with recursive=True")
            dst.mkdir(parents=True, exist_ok=True)
            for one in self.iterdir():
                one.copy(dst / one.name, recursive=True)
            return
        if dst.is_dir():
            dst = dst / self.name
        with self.open("rb") as source, dst.open("wb") as target:
            for block in iter(lambda: source.read(1 << 20), b""):
                target.write(block)

    def move(self, path, recursive=False, **kwargs):
        self.copy(path, recursive=recursive)
        self.rmdir() if self.is_dir() else self.unlink()

    def rename(self, target):
        self.move(target, recursive=True)
        return self._same(getattr(target, "_text", target))

    replace = rename

    def samestore(self, other):
        return isinstance(other, ObjectStoragePath) and (self.protocol, self.conn_id) == (other.protocol, other.conn_id)

    def as_uri(self):
        return f"{self.protocol or 'file'}://{self._text}"

    def serialize(self):
        return {"path": str(self), "conn_id": self.conn_id, "kwargs": self.storage_options}

    @classmethod
    def deserialize(cls, data, version):
        return cls(data["path"], conn_id=data.get("conn_id"), **(data.get("kwargs") or {}))

    def __fspath__(self):
        if not self.is_local:
            raise TypeError(f"{self} is not a local file")
        return self._text

    def __str__(self):
        if self.is_local:
            return "file://" + self._text
        return f"{self.protocol}://{self.conn_id + '@' if self.conn_id else ''}{self._text}"

    def __repr__(self):
        return f"ObjectStoragePath({str(self)!r})"

    def __eq__(self, other):
        return isinstance(other, ObjectStoragePath) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))

    def __lt__(self, other):
        return str(self) < str(other)
