#!/usr/bin/env bash
# Experiment 4 of the study for its two models, then one report over them.
# Arguments pass through to every run:   bash run_background_all.sh background.protocol=published
source "$(dirname "${BASH_SOURCE[0]}")/run_models.sh"

run_models imagenet9 "resnet50_pretrained_in9 vit_small_pretrained_in9" background "$@"
