"""Sound: files, the int16 store, the short-time Fourier transform."""
