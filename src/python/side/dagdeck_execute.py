"""Runs one task, or a DAG's callbacks: the supervisor at `DAGDECK_FD` says which."""
import sys

if __name__ == "__main__":
    side = sys.path[0]
    try:
        import marshal

        # the modules that every task needs, in one file: see dagdeck_side/bundle.py
        with open(f"{side}/__pycache__/core.{sys.implementation.cache_tag}", "rb") as file:
            pack = marshal.load(file)
        spec = type(sys)("dagdeck_side.bundle")
        sys.modules["dagdeck_side.bundle"] = spec
        exec(marshal.loads(pack["dagdeck_side.bundle"][2]), spec.__dict__)
        spec.use(pack, side)
    except Exception:
        sys.modules.pop("dagdeck_side.bundle", None)
    from dagdeck_side import main

    main.main()
