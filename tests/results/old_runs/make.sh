#!/usr/bin/env bash
# How runs.tar.xz was made: two small models through experiments 1 to 4 with the code of commit dee5556, cut to what
# reading needs, and the report's tables (CSV) that this code made of them. Usage: make.sh CHECKOUT, in an empty folder.
set -euo pipefail
COMMON=(dataset=shapes dataset.n_train=4000 dataset.n_test=60 dataset.size=16 train.dtype=float32
  evaluation.dtype=float32 evaluation.backend=eager device=cpu threads=1)
TESTED=(shift.corruptions='[fog,gaussian_noise]' shift.severities='[1,3]')
CNN=(model=small_cnn model.args.channels='[6,6,8,8]' +model.args.stem_width=6)
VIT=(model=small_vit model.args.embed_dim=24 model.args.depth=1 model.args.num_heads=2)
P=(python "$1/main.py")
for m in CNN VIT; do
  declare -n M=$m
  "${P[@]}" experiment=study "${M[@]}" "${COMMON[@]}" "${TESTED[@]}" train.epochs=8 train.batch_size=32 train.learning_rate=0.003
  "${P[@]}" experiment=finetune "${M[@]}" "${COMMON[@]}" "${TESTED[@]}" train.epochs=2 finetune.images_per_epoch=400 finetune.test=0.2
  "${P[@]}" experiment=background "${M[@]}" "${COMMON[@]}" train.epochs=2 background.folds=2
done
"${P[@]}" experiment=background "${CNN[@]}" "${COMMON[@]}" background.protocol=trained
find checkpoints \( -name checkpoint.pth -o -name curves.png -o -name examples.npz \) -delete
find checkpoints -name best_model.pth ! -path checkpoints/small_cnn_shapes/best_model.pth -delete
"${P[@]}" experiment=report dataset=shapes
mkdir tables && mv reports/shapes/tables/*.csv tables/
tar --sort=name --owner=0 --group=0 --mtime=2026-01-01 -cf - checkpoints tables | xz -9e > runs.tar.xz
