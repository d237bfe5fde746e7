#!/usr/bin/env bash
# Experiments 1 and 2 of the study for its four models, then one report over them.
# Arguments pass through to every run:   bash run_all.sh train.epochs=1 dataset.test_limit=1000
# A model that fails (no pretrained weights at hand, say) has said why; the others go on, and the end names it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit
python=${PYTHON:-python}

finished=() failed=()
for model in resnet50 resnet50_pretrained vit_small vit_small_pretrained; do
  echo "== $model"
  "$python" main.py model=$model dataset=cifar10 "$@"
  case $? in
    0) finished+=("$model") ;;
    130) exit 130 ;;  # interrupted: stop here, not only this model
    *) failed+=("$model") ;;
  esac
done

if ((${#finished[@]})); then
  echo "== report"
  models=$(IFS=,; echo "${finished[*]}")
  "$python" main.py experiment=report dataset=cifar10 "models=[$models]" "$@" || failed+=(report)
fi

if ((${#failed[@]})); then
  echo "run_all.sh: failed: ${failed[*]}" >&2
  exit 1
fi
