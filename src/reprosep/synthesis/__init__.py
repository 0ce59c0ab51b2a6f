"""Making data sets from MIDI files: selection, patches, rendering, mixing, and Slakh2100's layout."""
