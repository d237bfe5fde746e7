#!/usr/bin/env bash
# Experiments 1 and 2 of the study for its four models, then one report over them.
# Arguments pass through to every run:   bash run_all.sh train.epochs=1 dataset.test_limit=1000
# A model that fails (no pretrained weights at hand, say) is named at the end, and the others go on.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python=${PYTHON:-python}

failed=()
for model in resnet50 resnet50_pretrained vit_small vit_small_pretrained; do
  echo "== $model"
  "$python" main.py model=$model dataset=cifar10 "$@" || failed+=("$model")
done

echo "== report"
"$python" main.py experiment=report dataset=cifar10 "$@" || failed+=(report)

if ((${#failed[@]})); then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
