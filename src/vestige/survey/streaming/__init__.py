"""Lines that arrive one by one: cut, kept, gathered, and laid on a map that grows."""
