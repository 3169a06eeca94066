"""Open-weight diffusion models, through diffusers: families and checkpoints as data, pipelines opened where they run."""
