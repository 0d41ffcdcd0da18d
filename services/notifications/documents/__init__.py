"""What goes with a notice beside its words: calendar files, and papers to print, to hand over or to post."""
