"""What docs/metrics.md says of each metric: its formula in the symbols explained there, what it means, its source.

Title, direction, unit and bounds come from the metric itself.
"""

from __future__ import annotations

from withstand.results.metrics import BINS, COVERAGE

FORMULAS: dict[str, tuple[str, str]] = {
    "top1": (
        r"\frac{1}{N} \sum_i [a_i = y_i]",
        "The share of the images whose highest logit is that of the true class. Of equal ones, the first counts.",
    ),
    "top5": (
        r"\frac{1}{N} \sum_i [y_i \in T_i]",
        "The share of the images whose true class is among the five with the highest logits, $T_i$. With five classes"
        " or fewer it is always 1.",
    ),
    "nll": (
        r"-\frac{1}{N} \sum_i \ln p_i(y_i)",
        "The mean negative log likelihood of the true class: the loss of a classifier trained with cross entropy. It is"
        " infinite where the true class has no probability, or a logit is not a number.",
    ),
    "brier": (
        r"\frac{1}{N} \sum_i \sum_k \left( p_i(k) - [k = y_i] \right)^2",
        "The squared distance of the probabilities from the truth, summed over the classes (Brier, 1950).",
    ),
    "ece": (
        r"\sum_b \frac{n_b}{N} \left| \mathrm{conf}_b - \mathrm{acc}_b \right|",
        f"The gap between mean confidence and accuracy in a bin, averaged over {BINS} bins $b$ of equally many images"
        " $n_b$ (Naeini et al., 2015; bins of equal mass: Nguyen & O'Connor, 2015). What chance adds to the"
        " gaps is subtracted (Kumar et al., 2019).",
    ),
    "classwise_ece": (
        r"\frac{1}{K} \sum_k \sum_b \frac{n_{kb}}{N} \left| \mathrm{conf}_{kb} - \mathrm{acc}_{kb} \right|",
        "The same for the probability of every class $k$, averaged over the classes (Kull et al., 2019; Nixon et al.,"
        " 2019).",
    ),
    "aurc": (
        r"\frac{1}{N} \sum_{m=1}^{N} \frac{1}{m} \sum_{i \in S_m} [a_i \neq y_i]",
        "The area under the risk-coverage curve: the share of wrong answers among the $m$ most confident images,"
        " averaged over $m$ (El-Yaniv & Wiener, 2010; Geifman et al., 2019). Equally confident images share a rank.",
    ),
    "selective": (
        r"\frac{1}{m} \sum_{i \in S_m} [a_i = y_i], \quad m = " + f"{COVERAGE:g} N",
        "Accuracy where the least confident images are left to somebody else (El-Yaniv & Wiener, 2010).",
    ),
    "shape_bias": (
        r"\frac{\sum_i [a_i = s_i]}{\sum_i [a_i = s_i] + \sum_i [a_i = t_i]}",
        "Of the images with the shape of class $s_i$ and the texture of class $t_i$ that are taken for either, the"
        " share that is taken for the shape's (Geirhos et al., 2019). People: about 96%.",
    ),
}
"""Name → formula in LaTeX, and what it says."""
