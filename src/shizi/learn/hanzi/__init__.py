"""Training the network for single hanzi: characters are drawn and written by hand, a classifier tells them apart."""
