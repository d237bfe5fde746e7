#!/usr/bin/env bash
# Experiment 3 of the study for its four models, each from its best_model.pth of experiment 1, then one report.
# Arguments pass through to every run:   bash run_finetune_all.sh finetune.protocol=published
source "$(dirname "${BASH_SOURCE[0]}")/run_models.sh"

run_models cifar10 "resnet50 resnet50_pretrained vit_small vit_small_pretrained" finetune "$@"
