"""`kubernetes.client`: the model classes; API calls need the real package."""
import sys


def __getattr__(name):
    if name == "models":
        __import__("kubernetes.client.models")
        return sys.modules["kubernetes.client.models"]
    if name[:2] == "__":
        raise AttributeError(name)
    if name.endswith("Api") or name in ("ApiClient", "Configuration", "ApiException"):
        raise ImportError(f"kubernetes.client.{name} needs the real package: pip install kubernetes")
    __import__("kubernetes.client.models")
    return getattr(sys.modules["kubernetes.client.models"], name)
