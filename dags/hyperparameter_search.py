"""Searches the best settings of a nearest-neighbour model: mapping over a grid, reduce, mapping again, reduce.

The TOML file beside it, `hyperparameter_search_toml.toml`, has the same shape without a line of Python.
"""
import csv
from pathlib import Path

from airflow.sdk import Param, dag, get_current_context, task

DATA = Path(__file__).parent / "data" / "churn.csv"
COLUMNS = ("tenure_months", "monthly_charge", "support_calls", "logins_30d", "late_payments")
FOLDS = 4


def customers():
    """(numbers between 0 and 1, churned) of each customer."""
    with DATA.open(newline="") as f:
        rows = list(csv.DictReader(f))
    low = [min(float(row[c]) for row in rows) for c in COLUMNS]
    high = [max(float(row[c]) for row in rows) for c in COLUMNS]
    return [
        ([(float(row[c]) - a) / (b - a) for c, a, b in zip(COLUMNS, low, high)], row["churned"] == "1")
        for row in rows
    ]


def accuracy(neighbours, power, fold):
    """Share of the fold's customers whom the majority of their nearest neighbours foretells."""
    everyone = customers()
    known = [c for i, c in enumerate(everyone) if i % FOLDS != fold]
    asked = [c for i, c in enumerate(everyone) if i % FOLDS == fold]
    right = 0
    for point, churned in asked:
        nearest = sorted((sum(abs(a - b) ** power for a, b in zip(point, other)), left) for other, left in known)
        votes = sum(left for _, left in nearest[:neighbours])
        right += (votes * 2 > neighbours) == churned
    return round(right / len(asked), 4)


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    tags=["sample", "mapping"],
    params={"neighbours": Param([1, 5, 15], type="array", items={"type": "integer", "minimum": 1}, minItems=1)},
    doc_md="`grid` decides while the run goes how many instances `train` has. Each instance is named after its settings.",
)
def hyperparameter_search():
    @task
    def grid(params):
        """One dictionary of arguments for each instance of `train`."""
        return [{"neighbours": n, "power": p} for n in params["neighbours"] for p in (1, 2)]

    @task(map_index_template="{{ label }}")
    def train(fold, neighbours, power):
        get_current_context()["label"] = f"k={neighbours} p={power}"
        return {"neighbours": neighbours, "power": power, "accuracy": accuracy(neighbours, power, fold)}

    @task(multiple_outputs=True)
    def pick_best(results):
        """All instances' results arrive as one list, in the order of their map indexes."""
        for result in results:
            print(result)
        return max(results, key=lambda result: (result["accuracy"], -result["neighbours"]))

    @task(map_index_template="fold {{ task.op_kwargs['fold'] }}")
    def confirm(best, fold):
        return accuracy(best["neighbours"], best["power"], fold)

    @task
    def report(best, scores):
        scores = list(scores)
        mean = round(sum(scores) / len(scores), 4)
        print(f"best: {best['neighbours']} neighbours, power {best['power']}: {mean} over {len(scores)} folds")
        return {**best, "accuracy": mean}

    best = pick_best(train.partial(fold=0).expand_kwargs(grid()))
    report(best, confirm.partial(best=best).expand(fold=list(range(1, FOLDS))))


hyperparameter_search()
