#!/usr/bin/env bash
# Experiment 3 of the study for its four models, each from its best_model.pth of experiment 1, then one report.
# Arguments pass through to every run:   bash run_finetune_all.sh finetune.protocol=published
# A model that fails (not trained yet, say) has said why; the others go on, and the end names it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit
python=${PYTHON:-python}

finished=() failed=()
for model in resnet50 resnet50_pretrained vit_small vit_small_pretrained; do
  echo "== $model"
  "$python" main.py experiment=finetune model=$model dataset=cifar10 "$@"
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
  echo "run_finetune_all.sh: failed: ${failed[*]}" >&2
  exit 1
fi
