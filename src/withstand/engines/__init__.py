"""How a classifier is run: eager, compiled or by OpenVINO, in which arithmetic, on which device."""
