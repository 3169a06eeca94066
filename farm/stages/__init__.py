"""What is done to a shot: one file per stage, each a function `run(inputs, params, ctx) -> Outputs`."""
