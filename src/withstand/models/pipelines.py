"""The preprocessing of other libraries as ours, which does the same to whole batches, on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from withstand.base.errors import UserError
from withstand.images.preprocessing import Custom, Preprocessing, Ready
from withstand.models import code

_OURS = "withstand.Preprocessing(image_size=224, interpolation='bicubic', mean=(…), std=(…), crop=0.875)"


def ready(preprocess: Any) -> Ready:
    """``preprocess`` as ours: one of ours, torchvision's or timm's transforms, a Hugging Face image processor, or a
    function from uint8 N×H×W×3 to what the network reads.

    Raises:
        UserError: transforms hold a step that is not known here.
    """
    if hasattr(preprocess, "facts") and hasattr(preprocess, "image_size"):
        return cast(Ready, preprocess)
    if type(preprocess).__name__ == "ImageClassification":
        return of_preset(preprocess)
    if hasattr(preprocess, "transforms"):
        return of_transforms(preprocess.transforms)
    if hasattr(preprocess, "image_mean"):
        return of_processor(preprocess)
    if not callable(preprocess):
        raise UserError(f"preprocess={preprocess!r} is no preprocessing; give {_OURS}, or a function")
    return Custom(preprocess, code.of_text([code.text(preprocess)]))


def of_preset(preset: Any) -> Preprocessing:
    """Torchvision's ``weights.transforms()``."""
    return Preprocessing(
        _side(preset.crop_size),
        _interpolation(preset.interpolation),
        tuple(preset.mean),
        tuple(preset.std),
        resize=_side(preset.resize_size),
    )


def of_transforms(steps: Sequence[Any]) -> Preprocessing:
    """A list of torchvision's steps, as timm and open_clip make them: resize, crop, to a tensor, normalise.

    Raises:
        UserError: a step is another one, or there is no resize or normalisation.
    """
    by_name = {type(step).__name__: step for step in steps}
    known = {"Resize", "CenterCrop", "ToTensor", "MaybeToTensor", "PILToTensor", "Normalize"}
    others = [name for name in by_name if name not in known and name not in ("function", "MaybePILToTensor")]
    if others or not {"Resize", "Normalize"} <= set(by_name):
        raise UserError(
            f"preprocess has {', '.join(by_name)}, and only resize, centre crop and normalisation are known here; give"
            f" {_OURS}"
        )
    scale, whole = by_name["Resize"], by_name["Resize"].size
    squash = isinstance(whole, Sequence) and len(whole) == 2
    resize = _side(whole)
    crop = by_name.get("CenterCrop")
    size = resize if crop is None else _side(crop.size)
    if crop is None and not squash:
        raise UserError(f"preprocess resizes the short side and crops nothing; give {_OURS}")
    normal = by_name["Normalize"]
    mean, std = (tuple(float(one) for one in values) for values in (normal.mean, normal.std))
    return Preprocessing(size, _interpolation(scale.interpolation), mean, std, resize=resize, squash=squash)


def of_processor(processor: Any) -> Preprocessing:
    """A Hugging Face image processor: by its settings, which are all that it goes by.

    Raises:
        UserError: it does something else to images.
    """
    said: dict[str, Any] = processor.to_dict()
    size, crop = said.get("size") or {}, said.get("crop_size") or {}
    mean, std = (0.0,) * 3, (1.0,) * 3
    if said.get("do_normalize", True):
        mean, std = tuple(said["image_mean"]), tuple(said["image_std"])
    if not said.get("do_rescale", True) or said.get("do_pad"):
        raise UserError(
            f"the image processor {type(processor).__name__} pads, or does not rescale; give {_OURS}"
        )
    way = _interpolation(said.get("resample", 2))
    share = said.get("crop_pct")
    if "shortest_edge" in size and share is not None:  # ConvNeXt's: below 384, resized to more and cropped
        final = int(size["shortest_edge"])
        whole, squash = (int(final / share), False) if final < 384 else (final, True)
        return Preprocessing(final, way, mean, std, resize=whole, squash=squash)
    whole = int(size.get("shortest_edge") or size.get("height") or 0)
    cropped = bool(said.get("do_center_crop"))
    final = int(crop.get("height") or crop.get("shortest_edge") or whole) if cropped else whole
    squash = "shortest_edge" not in size
    if not whole or (not cropped and not squash) or (squash and size.get("width") != whole):
        raise UserError(f"the image processor {type(processor).__name__} gives no squares; give {_OURS}")
    return Preprocessing(final, way, mean, std, resize=whole, squash=squash)


def _side(size: Any) -> int:
    """Of ``224``, ``[224]`` or ``(224, 224)``.

    Raises:
        UserError: the sides differ.
    """
    sides = [size] if isinstance(size, int) else [*size]
    if len(set(sides)) != 1:
        raise UserError(f"preprocess makes images of {sides}, and only squares are known here; give {_OURS}")
    return int(sides[0])


def _interpolation(way: Any) -> str:
    """``bilinear`` or ``bicubic``, of torchvision's or Pillow's name or number for it.

    Raises:
        UserError: it is another.
    """
    number = {2: "bilinear", 3: "bicubic"}.get(way) if isinstance(way, int) else None
    name = number or str(getattr(way, "value", way)).lower().rpartition(".")[2]
    if name not in ("bilinear", "bicubic"):
        raise UserError(
            f"preprocess resizes by {name}, and only bilinear and bicubic are known here; give {_OURS}"
        )
    return name
