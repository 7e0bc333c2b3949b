"""Architectures of other libraries behind this package's contracts: timm, torchvision and transformers."""
