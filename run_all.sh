#!/usr/bin/env bash
# Experiments 1 and 2 of the study for its four models, then one report over them.
# Arguments pass through to every run:   bash run_all.sh train.epochs=1 dataset.test_limit=1000
source "$(dirname "${BASH_SOURCE[0]}")/run_models.sh"

run_models cifar10 "resnet50 resnet50_pretrained vit_small vit_small_pretrained" study "$@"
