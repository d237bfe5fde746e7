#!/usr/bin/env bash
# Experiment 4 of the study for its two models, then one report over them.
# Arguments pass through to every run:   bash run_background_all.sh background.protocol=published
# A model that fails (no pretrained weights at hand, say) has said why; the others go on, and the end names it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit
python=${PYTHON:-python}

finished=() failed=()
for model in resnet50_pretrained_in9 vit_small_pretrained_in9; do
  echo "== $model"
  "$python" main.py experiment=background model=$model "$@"
  case $? in
    0) finished+=("$model") ;;
    130) exit 130 ;;  # interrupted: stop here, not only this model
    *) failed+=("$model") ;;
  esac
done

if ((${#finished[@]})); then
  echo "== report"
  models=$(IFS=,; echo "${finished[*]}")
  "$python" main.py experiment=report dataset=imagenet9 "models=[$models]" "$@" || failed+=(report)
fi

if ((${#failed[@]})); then
  echo "run_background_all.sh: failed: ${failed[*]}" >&2
  exit 1
fi
