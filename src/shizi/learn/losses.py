"""What a batch of lines costs: CTC, and cross-entropy on frames where the characters' places are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shizi.learn.network.attention import Guide
from shizi.read.charset import BLANK

STRIDE = 4
"""Pixels of a strip for one step of the network."""


def ctc(
    logits: Tensor, labels: Sequence[Sequence[int]], widths: NDArray[np.int64], *, focal: float = 0.0
) -> Tensor:
    """Mean CTC loss a character (Graves et al. 2006, §4) of (N, T, C) logits; steps beyond ``widths`` do not count.

    ``focal`` above 0 makes lines that are read already count less: by (1 - p) ** focal, p the likelihood of the whole
    line (focal CTC, Feng, Yao & Zhang 2019, §2.2).
    """
    steps = torch.from_numpy(np.minimum(-(-widths // STRIDE), logits.shape[1]))
    lengths = torch.tensor([len(label) for label in labels])
    flat = torch.tensor([c for label in labels for c in label])
    log_probs = F.log_softmax(logits.float(), dim=2).transpose(0, 1)
    losses = F.ctc_loss(log_probs, flat.to(logits.device), steps, lengths, BLANK, reduction="none", zero_infinity=True)
    if focal:
        losses = losses * (1 - torch.exp(-losses.detach())) ** focal
    return losses.sum() / lengths.sum().clamp(min=1)


def sampled_ctc(
    features: Tensor,
    classifier: torch.nn.Linear,
    labels: Sequence[Sequence[int]],
    widths: NDArray[np.int64],
    negatives: int,
    rng: np.random.Generator,
    *,
    focal: float = 0.0,
) -> Tensor:
    """:func:`ctc` over the blank, the batch's own classes and ``negatives`` others drawn anew each time.

    With thousands of hanzi most of a step's time and memory goes into classes that no line of the batch holds. Leaving
    most of them out (sampled softmax, Jean et al. 2015, §3) costs little where full frames' cross-entropy runs beside.
    """
    drawn = rng.permutation(classifier.out_features)[:negatives]
    classes = np.union1d(np.union1d([BLANK], drawn), [c for label in labels for c in label]).astype(np.int64)
    place = {int(c): index for index, c in enumerate(classes)}
    index = torch.from_numpy(classes).to(features.device)
    logits = F.linear(features, classifier.weight[index], classifier.bias[index])
    return ctc(logits, [[place[c] for c in label] for label in labels], widths, focal=focal)


def frame_targets(
    labels: Sequence[Sequence[int]], centres: Sequence[NDArray[np.float32]], widths: NDArray[np.int64], steps: int
) -> NDArray[np.int64]:
    """(N, T): the character at the frame of its middle, -1 (ignored) beside it and in the padding, else blank."""
    targets = np.full((len(labels), steps), BLANK, dtype=np.int64)
    for row, (label, places, width) in enumerate(zip(labels, centres, widths, strict=True)):
        frames = np.clip(np.rint((places - STRIDE / 2) / STRIDE).astype(int), 0, steps - 1)
        for move in (-1, 1):
            targets[row, np.clip(frames + move, 0, steps - 1)] = -1
        targets[row, frames] = label
        targets[row, -(-int(width) // STRIDE):] = -1
    return targets


def frames(
    features: Tensor,
    classifier: torch.nn.Module,
    targets: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy at the characters' frames and at as many blank ones; labels smoothed by ``smoothing``.

    Most frames are blank and easy; leaving most of them out spares the classifier, the widest layer, its work there.
    """
    flat = targets.ravel()
    marked = np.flatnonzero(flat > BLANK)
    empty = np.flatnonzero(flat == BLANK)
    chosen = np.concatenate((marked, rng.permutation(empty)[: len(marked) + 1]))
    index = torch.from_numpy(chosen).to(features.device)
    logits = classifier(features.reshape(-1, features.shape[2])[index])
    wanted = torch.from_numpy(flat[chosen]).to(features.device)
    return F.cross_entropy(logits.float(), wanted, label_smoothing=smoothing)


def distilled(
    features: Tensor, classifier: torch.nn.Module, taught: Tensor, rng: np.random.Generator
) -> Tensor:
    """Cross-entropy with a teacher's (N, T, C) probabilities (Hinton, Vinyals & Dean 2015, §2, at temperature 1).

    It counts at the frames where the teacher sees a character, and at as many where it sees none.
    """
    flat = taught.reshape(-1, taught.shape[2])
    empty = (flat[:, BLANK] > 0.5).cpu().numpy()
    marked = np.flatnonzero(~empty)
    drawn = np.concatenate((marked, rng.permutation(np.flatnonzero(empty))[: len(marked) + 1]))
    chosen = torch.from_numpy(drawn).to(features.device)
    logits = classifier(features.reshape(-1, features.shape[2])[chosen])
    return F.cross_entropy(logits.float(), flat[chosen])


def attention(
    guide: Guide,
    features: Tensor,
    labels: Sequence[Sequence[int]],
    widths: NDArray[np.int64],
    smoothing: float = 0.1,
) -> Tensor:
    """Mean cross-entropy a character of ``guide``, told the true characters before each one (teacher forcing).

    The blank stands for the line's beginning and its end. Labels are smoothed (Szegedy et al. 2016, §7).
    """
    longest = 1 + max(map(len, labels), default=0)
    previous = torch.full((len(labels), longest), BLANK)
    targets = torch.full((len(labels), longest), -1)
    for row, label in enumerate(labels):
        previous[row, 1 : 1 + len(label)] = torch.tensor(label, dtype=torch.long)
        targets[row, : len(label) + 1] = torch.tensor([*label, BLANK])
    frames = torch.from_numpy(np.minimum(-(-widths // STRIDE), features.shape[1])).to(features.device)
    logits = guide(features, frames, previous.to(features.device))
    known = (targets >= 0).to(features.device)
    wanted = targets.to(features.device)[known]
    return F.cross_entropy(logits[known].float(), wanted, label_smoothing=smoothing)
