"""What is asked for: shot lists in, validated shots and findings out."""
