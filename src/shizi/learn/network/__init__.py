"""The recogniser's networks: a backbone, a neck of BiLSTMs, a CTC classifier."""

from shizi.learn.network.crnn import BACKBONES, CRNN, NetworkConfig, build, check

__all__ = ["BACKBONES", "CRNN", "NetworkConfig", "build", "check"]
