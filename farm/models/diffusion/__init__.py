"""Open-weight diffusion models, through diffusers: families and checkpoints as data, pipelines where they run."""
