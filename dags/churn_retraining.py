"""Retrains a churn model and deploys it only if it beats the one in production.

Written for Airflow 3 (`airflow.sdk`); the training is real, but needs nothing except the standard library.
"""
import csv
import json
import math
import os
import random
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Param, Variable, dag, task, task_group

DATA = Path(__file__).parent / "data" / "churn.csv"
NUMBERS = ("tenure_months", "monthly_charge", "support_calls", "logins_30d", "late_payments")
CONTRACTS = ("month", "year", "two_year")
CHAMPION = "churn_champion_accuracy"


def folder(name):
    """A folder of this run outside the DAG folder: a task that runs again writes the same files again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "dagdeck-samples" / "churn" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_json(path, value):
    """Writes beside the file first, so that nobody ever reads half of it."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(value))
    beside.replace(path)
    return str(path)


def probability(weights, row):
    z = weights[0] + sum(w * x for w, x in zip(weights[1:], row))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["sample", "churn", "training"],
    default_args={"owner": "data-science"},
    params={
        "force": Param("auto", enum=["auto", "deploy", "keep"], description="Let the comparison decide, or decide yourself"),
        "min_gain": Param(0.005, type="number", minimum=0, maximum=1, description="Accuracy to win before deploying"),
        "epochs": Param(60, type="integer", minimum=1, maximum=2000, description="Passes over the training rows"),
        "fail_once": Param(False, type="boolean", description="Let the first try of `train` fail"),
    },
    doc_md="""
    ### Churn retraining

    `data_gate` -> `features` -> `train` -> `evaluate` -> `choose` -> **deploy** or **keep_champion** -> `notify`

    * The champion's accuracy is the variable `churn_champion_accuracy` (0.5 if there is none).
    * `force` takes either branch, whatever the comparison says.
    * With `fail_once` the first try of `train` fails. Clear it with its downstream, and the run succeeds.
    """,
)
def churn_retraining():
    @task
    def data_gate():
        """No model is better than a model trained on broken data: stop here, and say why."""
        with DATA.open(newline="") as f:
            rows = list(csv.DictReader(f))
        problems = []
        if len(rows) < 300:
            problems.append(f"only {len(rows)} rows, at least 300 are needed")
        empty = sum(1 for row in rows for value in row.values() if value in ("", None))
        if empty:
            problems.append(f"{empty} empty cells")
        if len({row["customer_id"] for row in rows}) != len(rows):
            problems.append("customers appear more than once")
        rate = sum(row["churned"] == "1" for row in rows) / max(1, len(rows))
        if not 0.05 < rate < 0.95:
            problems.append(f"a churn rate of {rate:.0%} can't be right")
        if problems:
            raise ValueError(f"{DATA.name} is not fit for training: " + "; ".join(problems))
        return {"rows": len(rows), "churn_rate": round(rate, 3)}

    @task_group
    def prepare(gate):
        @task
        def split(gate, run_id):
            """The same rows in every run: models are compared on the same exam."""
            order = list(range(gate["rows"]))
            random.Random(7).shuffle(order)
            exam = gate["rows"] // 4
            return write_json(folder(run_id) / "split.json", {"exam": order[:exam], "training": order[exam:]})

        @task
        def features(split_file, run_id):
            """Numbers become distances from their mean; the contract becomes three columns of 0 and 1."""
            with DATA.open(newline="") as f:
                rows = list(csv.DictReader(f))
            parts = json.loads(Path(split_file).read_text())
            scale = {}
            for name in NUMBERS:
                seen = [float(rows[i][name]) for i in parts["training"]]
                mean = sum(seen) / len(seen)
                scale[name] = mean, math.sqrt(sum((x - mean) ** 2 for x in seen) / len(seen)) or 1.0

            def line(row):
                numbers = [(float(row[name]) - scale[name][0]) / scale[name][1] for name in NUMBERS]
                return numbers + [float(row["contract"] == c) for c in CONTRACTS]

            tables = {
                part: {"x": [line(rows[i]) for i in numbers], "y": [int(rows[i]["churned"]) for i in numbers]}
                for part, numbers in parts.items()
            }
            return write_json(folder(run_id) / "features.json", tables)

        return features(split(gate))

    @task
    def train(features_file, params, ti, run_id):
        """Logistic regression by stochastic gradient descent."""
        if params["fail_once"] and ti.try_number == 1:
            raise RuntimeError("fail_once is set, so the first try fails; clear this task with its downstream to go on")
        table = json.loads(Path(features_file).read_text())["training"]
        weights = [0.0] * (len(table["x"][0]) + 1)
        order = list(range(len(table["y"])))
        chance = random.Random(11)
        for epoch in range(params["epochs"]):
            chance.shuffle(order)
            rate = 0.1 / (1 + epoch / 10)
            loss = 0.0
            for i in order:
                row, churned = table["x"][i], table["y"][i]
                p = probability(weights, row)
                loss -= math.log(max(1e-12, p if churned else 1 - p))
                weights[0] += rate * (churned - p)
                for k, x in enumerate(row):
                    weights[k + 1] += rate * ((churned - p) * x - 0.001 * weights[k + 1])
            if epoch % 10 == 0 or epoch + 1 == params["epochs"]:
                print(f"epoch {epoch + 1}: loss {loss / len(order):.4f}")
        return write_json(folder(run_id) / "model.json", [round(w, 6) for w in weights])

    @task(multiple_outputs=True)
    def evaluate(model_file, features_file):
        """The challenger's exam, and the champion's result."""
        weights = json.loads(Path(model_file).read_text())
        exam = json.loads(Path(features_file).read_text())["exam"]
        right = sum((probability(weights, row) >= 0.5) == bool(churned) for row, churned in zip(exam["x"], exam["y"]))
        challenger = round(right / len(exam["y"]), 4)
        champion = float(Variable.get(CHAMPION, default="0.5"))
        print(f"champion {champion:.4f}, challenger {challenger:.4f}")
        return {"champion": champion, "challenger": challenger, "gain": round(challenger - champion, 4)}

    @task.branch
    def choose(gain, params):
        if params["force"] != "auto":
            print(f"forced: {params['force']}")
            return "deploy" if params["force"] == "deploy" else "keep_champion"
        print(f"gain {gain:+.4f}, needed {params['min_gain']:+.4f}")
        return "deploy" if gain >= params["min_gain"] else "keep_champion"

    @task
    def deploy(model_file, accuracy):
        """The challenger becomes the champion."""
        write_json(folder("production") / "model.json", json.loads(Path(model_file).read_text()))
        Variable.set(CHAMPION, accuracy, description="Accuracy of the churn model in production")
        return accuracy

    @task(trigger_rule="none_failed_min_one_success")
    def notify(scores, ti):
        """Runs after either branch, but not after a failure."""
        deployed = ti.xcom_pull(task_ids="deploy")
        happened = "the old model stays" if deployed is None else "the new model is deployed"
        text = f"Churn model: champion {scores['champion']:.4f}, challenger {scores['challenger']:.4f}; {happened}."
        print(text)
        return text

    features_file = prepare(data_gate())
    model_file = train(features_file)
    scores = evaluate(model_file, features_file)
    keep_champion = EmptyOperator(task_id="keep_champion")
    choose(scores["gain"]) >> [deploy(model_file, scores["challenger"]), keep_champion] >> notify(scores)


churn_retraining()
