"""Training the line finder: pages are composed, a differentiable-binarisation network learns where their lines are."""
