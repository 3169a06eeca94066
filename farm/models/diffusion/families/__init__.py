"""One module per family: what is truly different between their pipelines, behind `farm.models.diffusion.recipe`."""
