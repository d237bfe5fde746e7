# Sourced by the study's scripts: every model through one experiment, then a report over those that finished.
# A model that fails (no pretrained weights at hand, say) has said why; the others continue, and the last lines name it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit
python=${PYTHON:-python}

# run_models DATASET "MODEL …" "EXPERIMENT" [WORD …]: the words pass through to every run, and to the report those it uses.
run_models() {
  local dataset=$1 models=$2 experiment=$3 finished=() failed=() reported=() model word
  shift 3
  for word in "$@"; do
    case $word in paths.*|dataset.*|seed=*|device=*|threads=*|overwrite=*) reported+=("$word") ;; esac
  done
  for model in $models; do
    echo "== $model"
    "$python" main.py "experiment=$experiment" "model=$model" "dataset=$dataset" "$@"
    case $? in
      0) finished+=("$model") ;;
      130) exit 130 ;;  # interrupted: stop here, not only this model
      *) failed+=("$model") ;;
    esac
  done

  if ((${#finished[@]})); then
    echo "== report"
    models=$(IFS=,; echo "${finished[*]}")
    "$python" main.py experiment=report "dataset=$dataset" "models=[$models]" ${reported[@]+"${reported[@]}"} || failed+=(report)
  fi

  if ((${#failed[@]})); then
    echo "$(basename "$0"): failed: ${failed[*]}" >&2
    exit 1
  fi
}
