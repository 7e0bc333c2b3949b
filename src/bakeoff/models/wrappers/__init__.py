"""Architectures of other libraries, as backbones: timm and torchvision."""
