"""Is my data right? What is wrong with a corpus, file by file, each with its remedy."""
