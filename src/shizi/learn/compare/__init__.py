"""The comparison that says what the C, the R and the CTC of CRNN are worth: ``shizi bench compare``."""
