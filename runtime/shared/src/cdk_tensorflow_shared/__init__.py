"""Rules and formats that the optimizer and the functions in the account share: standard library only."""
