"""What lasts: the truth about jobs and tasks, the clips themselves, and the catalog made from both."""
