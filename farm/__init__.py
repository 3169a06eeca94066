"""A render farm for image-to-video: shot lists in, takes, scores, clips and an animatic out."""

__version__ = "0.1.0"
