"""One denoiser on several ranks: which axes it is split over, what each rank holds, how the ranks act as one."""
