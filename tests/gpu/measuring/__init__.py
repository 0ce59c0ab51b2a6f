"""How a day on a GPU is run: sections one after the other, what each finds, and the page of all."""
